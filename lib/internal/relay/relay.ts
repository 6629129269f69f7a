import { clearInterval, clearTimeout, setInterval, startTimer, timeLeft } from '../base/timers';
import { onAbort } from '../base/abort';
import { binding } from '../native/binding';
import { AbortError, ERR_INVALID_STATE, ERR_SOCKET_CLOSED } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { flushGathered } from '../native/gathering';
import { Handle } from '../native/handle';
import { TCP } from '../native/tcp';
import type { RelayListener } from '../native/handle-events';
import type { SocketImpl } from '../socket/socket-state';
import { kBuffer, kHandle, kPeek, kReceiveDescriptors } from '../base/symbols';
import { waitsBehind } from '../transfer/queue-behind';
import { dropUnread, unreadOf } from '../transfer/unread';
import { uncorkAll } from '../transfer/unsent';

/**
 * The JavaScript side of a relay. It takes the sockets over, waits for a connect, enforces time
 * limits, and reports the end. native/relay/relay.h moves the bytes.
 */

/** How many bytes each side has received from the other. */
export interface RelayProgress {
  /** Bytes from `a` that the operating system has accepted for `b`. */
  bytesAtoB: number;
  /** Bytes from `b` that the operating system has accepted for `a`. */
  bytesBtoA: number;
}

/** The result of a relay. */
export interface RelayResult extends RelayProgress {
  /**
   * The reason for the end. `'end'`: both sides have ended. `'idle'`: `idleTimeout` has passed.
   * `'destroyed'`: the program called `destroy()` on one of the sockets.
   */
  reason: 'end' | 'idle' | 'destroyed';
}

/** The error of a failed relay. */
export interface RelayError extends Error, RelayProgress {
  /** The connection that failed: the first argument of `relay`, or the second. */
  side: 'a' | 'b';
  /** The code of the error, if it has one. */
  code?: string;
}

export interface RelaySettings {
  readonly idleTimeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: RelayProgress) => void) | undefined;
  readonly progressInterval: number;
}

/** Relay::Side. */
type Side = 0 | 1;
type Sides = readonly [SocketImpl, SocketImpl];

const NAMES = ['a', 'b'] as const;
const both: readonly Side[] = [0, 1];
const otherThan = (side: Side): Side => (side === 0 ? 1 : 0);

/** Flags of Callback::kRelay. */
const READING_FAILED = 1;
const OTHER_SIDE_ENDED = 2;

/** Adds the failed side to an error. */
export function blame(error: unknown, side: Side, progress: RelayProgress): unknown {
  if (typeof error === 'object' && error !== null && Object.isExtensible(error)) {
    Object.assign(error, { side: NAMES[side], ...progress });
  }
  return error;
}

/** Returns an error if a socket cannot be relayed. */
export function unfit(socket: SocketImpl): Error | undefined {
  if (socket.destroyed || socket.errored !== null) return new ERR_SOCKET_CLOSED();
  const handle = socket[kHandle];
  if (!(handle instanceof Handle)) return new ERR_INVALID_STATE('the socket is not connected');
  if (handle.relay !== null) return new ERR_INVALID_STATE('the socket is being relayed already');
  if (socket[kPeek] !== undefined) return new ERR_INVALID_STATE('a peek is in progress');
  if ((socket._readableState as { readable?: boolean }).readable === false) {
    return new ERR_INVALID_STATE('the socket cannot be read');
  }
  if (socket.writableEnded) return new ERR_INVALID_STATE('the socket has been ended');
  if (socket.readableEncoding !== null) {
    return new ERR_INVALID_STATE('cannot relay after setEncoding()');
  }
  if (socket[kReceiveDescriptors] === true) {
    return new ERR_INVALID_STATE('cannot relay a socket that receives descriptors');
  }
  return undefined;
}

/** Stops the socket's own reading for good. For the stream, the handle seems to go on reading. */
function holdReading(socket: SocketImpl): void {
  const handle = socket[kHandle]!;
  handle.readStop();
  handle.reading = true;
  // With `onread`, a pause would act on the handle.
  if (socket[kBuffer] !== null) socket[kBuffer] = null;
}

/** Uses a reset if the data is incomplete. Otherwise it would look complete. */
function destroyOther(socket: SocketImpl, incomplete: boolean): void {
  if (incomplete && !socket.connecting && socket[kHandle] instanceof TCP) socket.resetAndDestroy();
  else socket.destroy();
}

export class Relay implements RelayListener {
  private readonly counts = new Float64Array(2);
  private readonly started = performance.now();
  private readonly errors: [unknown, unknown] = [undefined, undefined];
  private readonly listeners: [() => void, (error: unknown) => void][] = [];
  private readonly abortion: { dispose(): void } | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private progressTimer: NodeJS.Timeout | undefined;
  private over = false;

  /** The two sockets are different, and both can be relayed. */
  constructor(
    private readonly sockets: Sides,
    settings: RelaySettings,
    private readonly resolve: (result: RelayResult) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    for (const side of both) this.watch(side);
    for (const side of both) this.handOn(side);
    const { signal, idleTimeout, onProgress, progressInterval } = settings;
    if (signal?.aborted) {
      this.abort(signal);
      return;
    }
    if (signal !== undefined) this.abortion = onAbort(signal, () => this.abort(signal));
    if (idleTimeout !== undefined) this.watchIdleness(idleTimeout, idleTimeout);
    if (onProgress !== undefined) this.report(onProgress, progressInterval);
    this.start();
  }

  /** Watches the end of a socket. */
  private watch(side: Side): void {
    const socket = this.sockets[side];
    const onClose = (): void => this.closed(side);
    const onError = (error: unknown): void => {
      this.errors[side] = error;
    };
    this.listeners.push([onClose, onError]);
    socket.on('close', onClose).on('error', onError);
    const handle = socket[kHandle];
    // A reset connection of a handler table has no handle; its 'close' follows.
    if (handle !== null) handle.relay = this;
  }

  /** Stops the socket's own reading, and forwards the bytes that it has already read. */
  private handOn(side: Side): void {
    const socket = this.sockets[side];
    // The owner cannot uncork it any more, and the data that it holds back must be sent first.
    uncorkAll(socket);
    // A write may have failed, even the write of the other side's bytes. The 'close' that follows
    // ends the relay.
    if (socket.destroyed) return;
    holdReading(socket);
    const { chunks } = unreadOf(socket);
    dropUnread(socket);
    const to = this.sockets[otherThan(side)];
    for (const chunk of chunks) {
      to.write(chunk, (error) => {
        if (error == null) this.counts[side] += chunk.length;
      });
    }
  }

  /** Starts as soon as both sides are connected. */
  private start(): void {
    if (this.over) return;
    const connecting = this.sockets.find((socket) => socket.connecting);
    if (connecting !== undefined) {
      connecting.once('connect', () => this.start());
      return;
    }
    flushGathered();
    // If a socket has failed in the meantime, its 'close' reports the result.
    if (this.sockets.some(({ destroyed }) => destroyed)) return;
    const [a, b] = this.sockets.map((socket) => socket[kHandle]!.id);
    const status = binding.relayStart(a, b, this.counts);
    if (status !== 0) {
      this.fail(errnoException(status, 'relay'), 0);
      this.sockets.forEach((socket) => socket.destroy());
      return;
    }
    for (const side of both) this.open(side);
  }

  /** Starts one direction, after the data that was written to its destination before. */
  private open(side: Side): void {
    const from = this.sockets[side];
    const to = this.sockets[otherThan(side)];
    const go = (): void => {
      if (this.over || from.destroyed) return;
      const status = from[kHandle]!.readStart();
      if (status !== 0) from.destroy(errnoException(status, 'read'));
    };
    if (to.writableLength === 0 && !waitsBehind(to)) go();
    else to.write('', go);
  }

  /** The native relay is done. */
  onRelay(status: number, side: Side, flags: number): void {
    if (status === 0) {
      this.finish('end');
      for (const socket of this.sockets) {
        // The native code has read and sent the ends. Now the stream gets both.
        if (!socket._readableState.ended) socket.push(null);
        socket.read(0);
        socket.end();
      }
      return;
    }
    const read = (flags & READING_FAILED) !== 0;
    this.fail(errnoException(status, read ? 'read' : 'write'), side);
    this.sockets[side].destroy();
    destroyOther(this.sockets[otherThan(side)], (flags & OTHER_SIDE_ENDED) === 0);
  }

  /** A socket was destroyed, or its connect has failed. */
  private closed(side: Side): void {
    const error = this.errors[side];
    if (error === undefined) this.finish('destroyed');
    else this.fail(error, side);
    // An error that the socket itself got before the native relay started.
    const { syscall } = (error ?? {}) as NodeJS.ErrnoException;
    destroyOther(this.sockets[otherThan(side)], syscall === 'read' || syscall === 'write');
  }

  private abort(signal: AbortSignal): void {
    this.settle();
    this.reject(new AbortError(undefined, { cause: signal.reason }));
    for (const socket of this.sockets) socket.destroy();
  }

  /** See `timeLeft`. */
  private watchIdleness(timeout: number, milliseconds: number): void {
    this.idleTimer = startTimer(
      () => {
        const idle = Math.min(
          performance.now() - this.started,
          ...this.sockets.map((socket) => socket[kHandle]?.idleTime() ?? Infinity),
        );
        const left = timeLeft(timeout, idle);
        if (left > 0) {
          this.watchIdleness(timeout, left);
          return;
        }
        this.finish('idle');
        for (const socket of this.sockets) socket.destroy();
      },
      milliseconds,
      this,
    );
  }

  private report(onProgress: (progress: RelayProgress) => void, interval: number): void {
    let known = 0;
    this.progressTimer = setInterval(() => {
      const total = this.counts[0] + this.counts[1];
      if (total === known) return;
      known = total;
      onProgress(this.progress());
    }, interval);
    this.progressTimer.unref();
  }

  private progress(): RelayProgress {
    return { bytesAtoB: this.counts[0], bytesBtoA: this.counts[1] };
  }

  private blame(error: unknown, side: Side): unknown {
    return blame(error, side, this.progress());
  }

  private finish(reason: RelayResult['reason']): void {
    this.settle();
    this.resolve({ ...this.progress(), reason });
  }

  private fail(error: unknown, side: Side): void {
    this.settle();
    this.reject(this.blame(error, side));
  }

  /** Releases the sockets to their owner. */
  private settle(): void {
    this.over = true;
    clearTimeout(this.idleTimer);
    clearInterval(this.progressTimer);
    this.abortion?.dispose();
    for (const side of both) {
      const socket = this.sockets[side];
      socket.off('close', this.listeners[side][0]);
      const handle = socket[kHandle];
      if (handle !== null) handle.relay = null;
    }
  }
}
