import { onAbort } from '../internal/base/abort';
import { AbortError, ERR_INVALID_ARG_TYPE } from '../internal/base/errors';
import { clearTimeout, setTimeout, TIMEOUT_MAX } from '../internal/base/timers';
import {
  validateAbortSignal,
  validateFunction,
  validateInteger,
  validateObject,
} from '../internal/base/validators';
import { isPeersDoing } from './errors';
import { Listener } from './listener';
import type { Stream } from './stream';

/** Options of {@link serve}. */
export interface ServeOptions {
  /** The most handlers that run at once; further connections wait in the kernel. Default: any number. */
  concurrency?: number | undefined;
  /** An abort closes the listener. Handlers that run go on until they have ended. */
  signal?: AbortSignal | undefined;
  /** Milliseconds after the abort until the streams that are left are destroyed. Default: never. */
  gracePeriod?: number | undefined;
  /**
   * Called with what a handler throws. By default it is thrown as an uncaught exception, but not if it
   * is no fault of the handler: the error of its own connection, an incomplete read, a message that is
   * too long, a timeout, and an abort after `signal`.
   */
  onError?: ((error: unknown, stream: Stream) => void) | undefined;
}

type Handler = (stream: Stream) => unknown;

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
function checkOptions(listener: unknown, handler: unknown, options: ServeOptions): void {
  if (!(listener instanceof Listener)) {
    throw new ERR_INVALID_ARG_TYPE('listener', 'Listener', listener);
  }
  validateFunction(handler, 'handler');
  validateObject(options, 'options');
  const { concurrency, signal, gracePeriod, onError } = options;
  if (concurrency !== undefined && concurrency !== Infinity) {
    validateInteger(concurrency, 'options.concurrency', 1);
  }
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  if (gracePeriod !== undefined) {
    validateInteger(gracePeriod, 'options.gracePeriod', 0, TIMEOUT_MAX);
  }
  if (onError !== undefined) validateFunction(onError, 'options.onError');
}

/** Throws where no handler and no promise catches it. */
function throwUncaught(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

/** The handlers that run, each with its stream. */
class Handlers {
  private readonly streams = new Set<Stream>();
  private waiter: { limit: number; wake: () => void } | undefined = undefined;

  constructor(
    private readonly handler: Handler,
    private readonly report: (error: unknown, stream: Stream) => void,
  ) {}

  /** Fulfilled when fewer than so many run. One caller may wait at a time. */
  fewerThan(limit: number): Promise<void> {
    if (this.streams.size < limit) return Promise.resolve();
    return new Promise((wake) => {
      this.waiter = { limit, wake };
    });
  }

  /** Runs one. It does not throw. */
  async run(stream: Stream): Promise<void> {
    this.streams.add(stream);
    try {
      await this.handler(stream);
      // What fails now is the connection, and the handler has ended well.
      await stream.close().catch(() => {});
    } catch (error) {
      stream.destroy();
      try {
        this.report(error, stream);
      } catch (thrown) {
        throwUncaught(thrown);
      }
    }
    this.streams.delete(stream);
    const { waiter } = this;
    if (waiter === undefined || this.streams.size >= waiter.limit) return;
    this.waiter = undefined;
    waiter.wake();
  }

  destroyStreams(): void {
    for (const stream of this.streams) stream.destroy();
  }
}

/**
 * Runs a handler for each connection of a listener. A connection is closed when its handler has
 * returned, and destroyed when it has thrown.
 *
 * @returns a promise that is fulfilled when the listener is closed and all handlers have ended
 * @throws (rejects with) ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export async function serve(
  listener: Listener,
  handler: Handler,
  options: ServeOptions = {},
): Promise<void> {
  checkOptions(listener, handler, options);
  const { concurrency = Infinity, signal, gracePeriod } = options;
  const isOrdinary = (error: unknown, stream: Stream): boolean =>
    stream.isOwnError(error) ||
    isPeersDoing(error) ||
    (error instanceof AbortError && signal?.aborted === true);
  const {
    onError = (error: unknown, stream: Stream): void => {
      if (!isOrdinary(error, stream)) throwUncaught(error);
    },
  } = options;

  const handlers = new Handlers(handler, onError);
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    void listener.close();
    if (gracePeriod !== undefined) timer = setTimeout(() => handlers.destroyStreams(), gracePeriod);
  };
  if (signal?.aborted) stop();
  const abortion = signal?.aborted === false ? onAbort(signal, stop) : undefined;
  try {
    for (;;) {
      await handlers.fewerThan(concurrency);
      const stream = await listener.accept();
      if (stream === null) break;
      void handlers.run(stream);
    }
    await handlers.fewerThan(1);
  } finally {
    abortion?.dispose();
    if (timer !== undefined) clearTimeout(timer);
  }
}
