import { ERR_STREAM_WRITE_AFTER_END } from '../internal/base/errors';
import { validateArray } from '../internal/base/validators';
import { Deferred, rejectedQuietly } from './deferred';
import { checkChunks, checkData, checkOperation, type OperationOptions } from './operation';
import type { Transport } from './transport';

const DONE = Promise.resolve();
const ignore = (): void => {};

/** The writing half of a stream: the writes that wait until more may be written, and the end. */
export class Writer {
  private waiting: Deferred<void>[] | undefined = undefined;
  private ending: Deferred<void> | undefined = undefined;
  private closing: Deferred<void> | undefined = undefined;
  /** All is sent, and our side has ended. */
  private finished = false;
  /** Why nothing can be sent, once the connection is closed. */
  private failure: Error | undefined = undefined;

  constructor(private readonly transport: Transport) {}

  write(
    data: string | Uint8Array,
    encoding: BufferEncoding | undefined,
    options: OperationOptions | undefined,
  ): Promise<void> {
    try {
      if (options !== undefined) checkOperation(options);
      const refusal = this.refusal();
      if (refusal !== undefined) {
        checkData(data, encoding);
        throw refusal;
      }
      if (this.transport.write(data, encoding)) return DONE;
      // Closed in this turn: it has not looked at the data.
      if (!this.transport.isOpen) checkData(data, encoding);
      return this.wait(options);
    } catch (error) {
      return rejectedQuietly(error as Error);
    }
  }

  writev(
    chunks: readonly (string | Uint8Array)[],
    options: OperationOptions | undefined,
  ): Promise<void> {
    try {
      validateArray(chunks, 'chunks');
      if (options !== undefined) checkOperation(options);
      const refusal = this.refusal();
      if (refusal !== undefined) {
        checkChunks(chunks);
        throw refusal;
      }
      if (this.transport.writev(chunks)) return DONE;
      if (!this.transport.isOpen) checkChunks(chunks);
      return this.wait(options);
    } catch (error) {
      return rejectedQuietly(error as Error);
    }
  }

  end(options: OperationOptions | undefined): Promise<void> {
    try {
      checkOperation(options);
      if (this.finished) return DONE;
      if (this.failure !== undefined) throw this.failure;
    } catch (error) {
      return rejectedQuietly(error as Error);
    }
    if (this.ending === undefined) {
      this.ending = new Deferred<void>().ignored();
      this.transport.end();
    }
    return limited(this.ending, options);
  }

  close(options: OperationOptions | undefined): Promise<void> {
    try {
      checkOperation(options);
    } catch (error) {
      return rejectedQuietly(error as Error);
    }
    if (this.failure !== undefined) return DONE;
    if (this.closing === undefined) {
      this.closing = new Deferred<void>().ignored();
      this.transport.destroySoon();
    }
    return limited(this.closing, options);
  }

  // What happens to the transport -------------------------------------------------------------

  onDrain(): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) for (const write of waiting) write.resolve();
  }

  onFinish(): void {
    this.finished = true;
    // A stream of Node's does not tell that it has drained once it was ended.
    this.onDrain();
    this.ending?.resolve();
    this.ending = undefined;
  }

  /**
   * @param failure - what rejects whatever waits
   * @param error - undefined if the connection was closed in order
   */
  onClosed(failure: Error, error: Error | undefined): void {
    this.failure = failure;
    const { waiting = [], ending, closing } = this;
    this.waiting = this.ending = undefined;
    for (const write of waiting) write.reject(failure);
    ending?.reject(failure);
    if (error === undefined) closing?.resolve();
    else closing?.reject(error);
  }

  // -------------------------------------------------------------------------------------------

  /** Why nothing can be written; undefined while something can. */
  private refusal(): Error | undefined {
    if (this.ending !== undefined || this.finished || this.closing !== undefined) {
      return new ERR_STREAM_WRITE_AFTER_END();
    }
    return this.failure;
  }

  private wait(options: OperationOptions | undefined): Promise<void> {
    const deferred = new Deferred<void>().ignored();
    (this.waiting ??= []).push(deferred);
    if (options !== undefined) {
      deferred.limit(options, () => {
        this.waiting = this.waiting?.filter((other) => other !== deferred);
      });
    }
    return deferred.promise;
  }
}

/** The same promise, for one that waits only so long for it. */
function limited(whole: Deferred<void>, options: OperationOptions | undefined): Promise<void> {
  if (options === undefined) return whole.promise;
  const mine = new Deferred<void>().ignored().limit(options, ignore);
  whole.promise.then(
    () => mine.resolve(),
    (error: Error) => mine.reject(error),
  );
  return mine.promise;
}
