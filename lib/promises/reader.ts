import { ERR_INVALID_STATE } from '../internal/base/errors';
import { framingOf } from '../lean/options/framing';
import type { Framing } from '../types/connection-options';
import { backend } from './backend';
import { Deferred, rejected } from './deferred';
import { Input } from './input';
import { Iteration, iteratorResult } from './iteration';
import { MessageQueue } from './message-queue';
import { checkOperation, checkOperationTypes, type OperationOptions } from './operation';
import type { Transport } from './transport';
import { Each, type Want } from './wants';

/** A read that waits. */
interface PendingRead {
  want: Want<unknown>;
  deferred: Deferred<unknown>;
}

/**
 * The reading half of a stream: what came in and nobody took, and the one read that waits. It takes up
 * to `highWaterMark` bytes before somebody asks for them, and then lets the transport read no further.
 */
export class Reader {
  private readonly input = new Input();
  private reading: PendingRead | undefined = undefined;
  /** Set while messages are iterated over. */
  private queue: MessageQueue | undefined = undefined;
  private paused = false;
  /** The peer has ended. */
  private ended = false;
  /** Why no byte follows, once the connection is closed. */
  private failure: Error | undefined = undefined;

  constructor(
    private readonly transport: Transport,
    private readonly highWaterMark: number,
  ) {}

  /** Bytes that came in and were not taken. */
  get length(): number {
    return this.input.length + (this.queue?.length ?? 0);
  }

  /**
   * Reads what `make` makes of an argument and of options, which it checks.
   *
   * @throws (rejects) as `make` throws, and as {@link ask}
   */
  read<Argument, Options extends OperationOptions, Result>(
    make: (argument: Argument, options: Options | undefined) => Want<Result>,
    argument: Argument,
    options: Options | undefined,
  ): Promise<Result> {
    try {
      checkOperation(options);
      return this.ask(make(argument, options), options);
    } catch (error) {
      return rejected(error as Error);
    }
  }

  /**
   * @param options - checked
   * @throws (rejects with) ERR_INVALID_STATE; what `want` throws; the reason why no byte follows
   */
  ask<Result>(want: Want<Result>, options?: OperationOptions): Promise<Result> {
    try {
      if (this.queue !== undefined) this.leaveIfDone(this.queue);
      return this.pull(want, options);
    } catch (error) {
      return rejected(error as Error);
    }
  }

  /**
   * @param options - for each item
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  iterate<Item>(item: Want<Item | null>, options?: OperationOptions): Iteration<Item> {
    checkOperationTypes(options);
    const want = new Each(item);
    const ask =
      options === undefined
        ? () => this.ask(want)
        : () => this.read(() => want, undefined, options);
    return new Iteration(ask, () => {
      if (this.reading?.want === want) this.leave(this.reading);
    });
  }

  /** @throws as {@link Stream.messages} */
  messages(framing: Framing, options: OperationOptions | undefined): Iteration<Buffer> {
    const numbers = framingOf(framing);
    checkOperationTypes(options);
    this.refuseIfBusy();
    const queue = new MessageQueue(numbers);
    const unread = this.input.takeAll();
    this.queue = queue;
    this.paused = false;
    if (this.ended || !this.transport.isOpen) queue.cut(unread);
    else backend.frame(this.transport, numbers, unread);
    const want = new Each(queue);
    const pull = (): Promise<IteratorResult<Buffer, undefined>> => {
      try {
        if (options !== undefined) this.leaveIfAborted(options, iteration);
        return this.pull(want, options, () => void iteration.return());
      } catch (error) {
        return rejected(error as Error);
      }
    };
    const iteration = new Iteration<Buffer>(pull, () => this.leaveMessages(queue));
    return iteration;
  }

  /** @throws ERR_INVALID_STATE */
  unread(bytes: Buffer): void {
    this.refuseIfBusy();
    this.input.unshift(bytes);
  }

  /**
   * Takes all that nobody has read, as it was on the wire.
   *
   * @throws ERR_INVALID_STATE
   */
  takeUnread(): Buffer {
    this.refuseIfReading();
    if (this.queue !== undefined) this.leaveMessages(this.queue);
    return this.input.takeAll();
  }

  // What happens to the transport -------------------------------------------------------------

  onData(bytes: Buffer): void {
    const { queue, reading } = this;
    if (queue === undefined) this.input.push(bytes);
    else queue.push(bytes);
    if (reading !== undefined) this.settle(reading);
    if (this.reading === undefined && this.isFull()) this.pause();
  }

  onEnd(): void {
    this.ended = true;
    if (this.reading !== undefined) this.settle(this.reading);
  }

  /** Until somebody asks for another message, these bytes may be something else. */
  onMisframed(): void {
    if (this.reading === undefined) this.pause();
  }

  onClosed(failure: Error): void {
    this.failure = failure;
    if (this.reading !== undefined) this.settle(this.reading);
  }

  // -------------------------------------------------------------------------------------------

  /** @param givenUp - called when `options` have ended the wait */
  private pull<Result>(
    want: Want<Result>,
    options?: OperationOptions,
    givenUp?: () => void,
  ): Promise<Result> {
    this.refuseIfReading();
    const result = this.attempt(want);
    if (result !== undefined) {
      if (this.paused && !this.isFull()) this.resume();
      return Promise.resolve(result);
    }
    const deferred = new Deferred<Result>();
    if (options !== undefined) {
      deferred.limit(options, () => {
        this.reading = undefined;
        if (this.isFull()) this.pause();
        givenUp?.();
      });
    }
    this.reading = { want, deferred } as PendingRead;
    // It may want more than the high-water mark.
    if (this.paused) this.resume();
    return deferred.promise;
  }

  /**
   * @returns undefined if the read has to wait
   * @throws what the read is to be rejected with
   */
  private attempt<Result>(want: Want<Result>): Result | undefined {
    const result = want.take(this.input);
    if (result !== undefined) return result;
    if (this.ended) return want.atEnd(this.input);
    if (this.failure !== undefined) throw this.failure;
    return undefined;
  }

  private settle({ want, deferred }: PendingRead): void {
    try {
      const result = this.attempt(want);
      if (result === undefined) return;
      this.reading = undefined;
      deferred.resolve(result);
    } catch (error) {
      this.reading = undefined;
      deferred.reject(error as Error);
    }
  }

  /** Ends an iteration's read that waits. Whoever has left the iteration does not wait for it. */
  private leave({ deferred }: PendingRead): void {
    this.reading = undefined;
    deferred.resolve(iteratorResult(null));
    if (this.isFull()) this.pause();
  }

  /**
   * A loop that ends by a rejection does not call `return()`.
   *
   * @throws an AbortError
   */
  private leaveIfAborted(options: OperationOptions, iteration: Iteration<Buffer>): void {
    try {
      checkOperation(options);
    } catch (error) {
      if (this.reading === undefined) void iteration.return();
      throw error;
    }
  }

  private leaveMessages(queue: MessageQueue): void {
    if (this.queue !== queue) return;
    this.queue = undefined;
    if (this.reading !== undefined) this.leave(this.reading);
    for (const bytes of queue.takeWire()) this.input.push(bytes);
    if (this.isOver()) return;
    this.paused = false;
    for (const bytes of backend.unframe(this.transport)) this.input.push(bytes);
    if (this.isFull()) this.pause();
  }

  /** @throws ERR_INVALID_STATE if messages may follow */
  private leaveIfDone(queue: MessageQueue): void {
    if (!queue.isEmpty || !this.isOver()) {
      throw new ERR_INVALID_STATE('messages() is being iterated over');
    }
    this.leaveMessages(queue);
  }

  private refuseIfReading(): void {
    if (this.reading !== undefined) throw new ERR_INVALID_STATE('a read is pending');
  }

  private refuseIfBusy(): void {
    this.refuseIfReading();
    if (this.queue !== undefined) this.leaveIfDone(this.queue);
  }

  /** Whether no byte follows. */
  private isOver(): boolean {
    return this.ended || this.failure !== undefined;
  }

  private isFull(): boolean {
    return this.length >= this.highWaterMark || this.queue?.isFull === true;
  }

  private pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.transport.pause();
  }

  private resume(): void {
    this.paused = false;
    this.transport.resume();
  }
}
