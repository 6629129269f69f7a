import type { AddressInfo } from 'node:net';
import { onAbort, type Disposable } from '../internal/base/abort';
import { validateAbortSignal, validateFunction } from '../internal/base/validators';
import type { SystemError } from '../internal/base/system-errors';
import type { DropData } from '../internal/listen/accept';
import type { ServerStats } from '../internal/listen/accept-policy';
import type { CloseOptions } from '../internal/listen/server-impl';
import { asyncDispose } from '../lean/connection/async-dispose';
import type { LeanListenOptions } from '../lean/server';
import { backend, type ListeningSocket } from './backend';
import { checkStreamOptions } from './connect';
import { Deferred, rejected } from './deferred';
import { Iteration, iteratorResult } from './iteration';
import { abortError, checkOperation, type OperationOptions } from './operation';
import { Stream, streamHandlers } from './stream';

/**
 * Options of {@link listen}: those of `listen()` of `uvnet/lean`, without `borrow` and `framing`.
 * `allowHalfOpen` is true unless it is given, and `highWaterMark` counts for both directions.
 */
export interface ListenOptions extends Omit<LeanListenOptions, 'borrow' | 'framing'> {
  /** Called if a connection was not let in; see docs/LISTENING.md. */
  onDrop?: ((info: DropData) => void) | undefined;
  /** Called if a connection could not be accepted, because descriptors or memory ran out. */
  onAcceptError?: ((error: SystemError) => void) | undefined;
}

const ignore = (): void => {};

/**
 * A listening socket whose connections are asked for. While nobody asks, they wait in the kernel's queue,
 * up to the `backlog`; those that one turn of the event loop has brought by then are kept here.
 */
export class Listener {
  private readonly server: ListeningSocket;
  private readonly streams: Stream[] = [];
  private readonly accepts: Deferred<Stream | null>[] = [];
  private readonly signal: AbortSignal | undefined;
  private abortion: Disposable | undefined = undefined;
  private isClosed = false;
  private isPaused = false;
  /** The end of this turn decides whether to pause. */
  private isPausing = false;

  /** @internal */
  constructor(options: ListenOptions) {
    checkStreamOptions(options);
    const { onDrop = ignore, onAcceptError = ignore, signal, ...rest } = options;
    validateFunction(onDrop, 'options.onDrop');
    validateFunction(onAcceptError, 'options.onAcceptError');
    if (signal !== undefined) {
      validateAbortSignal(signal, 'options.signal');
      if (signal.aborted) throw abortError(signal);
    }
    this.server = backend.listen(
      { allowHalfOpen: true, ...rest },
      {
        ...streamHandlers,
        open: (transport) => {
          const stream = new Stream(transport, rest.highWaterMark);
          transport.data = stream;
          this.onStream(stream);
        },
        drop: onDrop,
        acceptError: onAcceptError,
      },
    );
    this.server.whenClosing = () => this.stop();
    if (signal !== undefined) this.abortion = onAbort(signal, () => void this.close());
    this.signal = signal;
  }

  /** @internal */
  async ready(): Promise<this> {
    try {
      await this.server.ready;
    } catch (error) {
      throw this.signal?.aborted ? abortError(this.signal) : error;
    }
    return this;
  }

  /**
   * The next connection. Several calls may wait at once, and are served in their order.
   *
   * @returns null if the listener is closed
   * @throws (rejects) see {@link OperationOptions}
   */
  accept(options?: OperationOptions): Promise<Stream | null> {
    try {
      checkOperation(options);
    } catch (error) {
      return rejected(error as Error);
    }
    const stream = this.streams.shift();
    if (stream !== undefined || this.isClosed) return Promise.resolve(stream ?? null);
    const deferred = new Deferred<Stream | null>();
    if (options !== undefined) {
      deferred.limit(options, () => {
        this.accepts.splice(this.accepts.indexOf(deferred), 1);
      });
    }
    this.accepts.push(deferred);
    if (this.isPaused) this.pauseAccepting(false);
    return deferred.promise;
  }

  /** All connections, until the listener is closed. To leave the loop does not close it. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Stream, undefined> {
    return new Iteration(async () => iteratorResult(await this.accept()));
  }

  /**
   * Stops accepting; whoever waits for a connection gets null, and connections that nobody asked for are
   * destroyed. Fulfilled when the connections that are open have ended too. With options, as those of
   * `net.Server#close()`: connections that are idle are ended, and what is left when the grace period is
   * over is destroyed.
   *
   * @throws (rejects with) ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE
   */
  async close(options?: CloseOptions): Promise<void> {
    if (options !== undefined) backend.checkClose(options);
    await this.server.close(options);
  }

  /** As {@link close}. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Where it listens, as `net.Server#address()`. */
  address(): AddressInfo | string | null {
    return this.server.address();
  }

  /** The port, or undefined for a path. */
  get port(): number | undefined {
    const address = this.address();
    return address !== null && typeof address === 'object' ? address.port : undefined;
  }

  /** The counters of docs/LISTENING.md. */
  stats(): ServerStats {
    return this.server.stats();
  }

  /** Lets the listener keep the process alive, as it does from the start. */
  ref(): this {
    this.server.ref();
    return this;
  }

  /** Lets the process end while it listens. */
  unref(): this {
    this.server.unref();
    return this;
  }

  private stop(): void {
    this.isClosed = true;
    this.abortion?.dispose();
    for (const accept of this.accepts.splice(0)) accept.resolve(null);
    for (const stream of this.streams.splice(0)) stream.destroy();
  }

  private onStream(stream: Stream): void {
    if (this.isClosed) {
      stream.destroy();
      return;
    }
    const accept = this.accepts.shift();
    if (accept !== undefined) {
      accept.resolve(stream);
      return;
    }
    this.streams.push(stream);
    this.pauseUnlessAsked();
  }

  /** A loop that asks for one after the other has asked again by the end of the turn. */
  private pauseUnlessAsked(): void {
    if (this.isPausing || this.isPaused) return;
    this.isPausing = true;
    setImmediate(() => {
      this.isPausing = false;
      if (this.streams.length > 0 && !this.isClosed) this.pauseAccepting(true);
    });
  }

  private pauseAccepting(paused: boolean): void {
    this.isPaused = paused;
    this.server.pauseAccepting(paused);
  }
}

/**
 * Listens for connections, which `accept()` or a `for await` loop take. An abort of `signal` closes the
 * listener.
 *
 * @returns a promise that is fulfilled when the listener listens
 * @throws (rejects) as `net.createServer()` and `server.listen()`; ERR_INVALID_ARG_VALUE for an option
 *   that does not exist; an AbortError if `signal` is aborted already
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  return new Listener(options).ready();
}
