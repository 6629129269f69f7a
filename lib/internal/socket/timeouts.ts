import { clearTimeout, setTimeout } from '../base/timers';
import { ERR_OUT_OF_RANGE } from '../base/errors';
import type { SocketImpl } from './socket-state';
import {
  kTimerDelay,
  kHandle,
  kLastWriteQueueSize,
  kTimedOut,
  kTimer,
  kTouched,
} from '../base/symbols';
import { validateFunction, validateNumber } from '../base/validators';

/**
 * Idle timeouts. Bytes that move cost nothing here: the native code notes the loop's time at each of
 * them, and the timer, when it fires, sleeps on for what is left. Only after a 'timeout' was
 * emitted does the next activity arm the timer anew.
 */

/** The longest delay of a timer (2^31 - 1 ms). */
export const TIMEOUT_MAX = 2 ** 31 - 1;

function duration(milliseconds: unknown): number {
  validateNumber(milliseconds, 'msecs');
  if (milliseconds < 0 || !Number.isFinite(milliseconds)) {
    throw new ERR_OUT_OF_RANGE('msecs', 'a non-negative finite number', milliseconds);
  }
  if (milliseconds > TIMEOUT_MAX) {
    process.emitWarning(
      `${milliseconds} does not fit into a 32-bit signed integer.` +
        `\nTimer duration was truncated to ${TIMEOUT_MAX}.`,
      'TimeoutOverflowWarning',
    );
    return TIMEOUT_MAX;
  }
  return milliseconds;
}

function arm(socket: SocketImpl, milliseconds: number): void {
  socket[kTimer] = setTimeout(onTimer, milliseconds, socket);
  socket[kTimer].unref();
  socket[kTimerDelay] = milliseconds;
}

/** A timer that fires in time is left as it is: it sleeps on when it finds that it is too early. */
function ensureArmed(socket: SocketImpl, milliseconds: number): void {
  if (socket[kTimer] !== null && socket[kTimerDelay] <= milliseconds) return;
  stopTimer(socket);
  arm(socket, milliseconds);
}

/** Notes activity: with the native code if it has the connection, at the loop's time, as timers go. */
function touch(socket: SocketImpl): void {
  const handle = socket[kHandle];
  if (handle !== null && handle.id >= 0) handle.touch();
  else socket[kTouched] = performance.now();
}

function idleTime(socket: SocketImpl): number {
  const handle = socket[kHandle];
  return handle !== null && handle.id >= 0
    ? handle.idleTime()
    : performance.now() - socket[kTouched];
}

function onTimer(socket: SocketImpl): void {
  socket[kTimer] = null;
  // Switched off meanwhile: clearing the timer then would have cost as much as this.
  if (socket.timeout === 0) return;
  const left = Math.ceil(Math.min(socket.timeout!, TIMEOUT_MAX) - idleTime(socket));
  // The loop's clock is up to a millisecond behind.
  if (left > 1) {
    arm(socket, left);
    return;
  }
  socket[kTimedOut] = true;
  socket._onTimeout();
}

/** Activity after a 'timeout': wait for the next one. */
export function rearm(socket: SocketImpl): void {
  socket[kTimedOut] = false;
  if (socket[kTimer] === null && socket.timeout! > 0 && !socket.destroyed) {
    arm(socket, Math.min(socket.timeout!, TIMEOUT_MAX));
  }
}

export function stopTimer(socket: SocketImpl): void {
  if (socket[kTimer] !== null) clearTimeout(socket[kTimer]);
  socket[kTimer] = null;
  socket[kTimedOut] = false;
}

export const timeoutMethods = {
  setTimeout(this: SocketImpl, msecs: number, callback?: () => void): SocketImpl {
    if (this.destroyed) return this;
    this.timeout = msecs;
    const milliseconds = duration(msecs);
    this[kTimedOut] = false;
    if (milliseconds === 0) {
      if (callback !== undefined) {
        validateFunction(callback, 'callback');
        this.removeListener('timeout', callback);
      }
      return this;
    }
    touch(this);
    ensureArmed(this, milliseconds);
    if (callback !== undefined) {
      validateFunction(callback, 'callback');
      this.once('timeout', callback);
    }
    return this;
  },

  /** Notes activity, for this socket and for those it is layered on. */
  _unrefTimer(this: SocketImpl): void {
    for (let socket: SocketImpl | null = this; socket != null; socket = socket._parent) {
      if (socket[kTimer] != null) touch(socket);
      else if (socket[kTimedOut]) rearm(socket);
    }
  },

  _onTimeout(this: SocketImpl): void {
    // A write that makes progress is activity, even while no byte comes in.
    const last = this[kLastWriteQueueSize];
    const handle = this[kHandle];
    if (last > 0 && handle !== null) {
      const { writeQueueSize } = handle;
      if (last !== writeQueueSize) {
        this[kLastWriteQueueSize] = writeQueueSize;
        this._unrefTimer();
        return;
      }
    }
    this.emit('timeout');
  },
};
