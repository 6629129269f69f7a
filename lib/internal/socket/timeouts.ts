import { clearTimeout, startTimer, timeLeft, TIMEOUT_MAX } from '../base/timers';
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
 * Idle timeouts of sockets, as in node:net: after a 'timeout', the timer rests until the next
 * activity. See `timeLeft`.
 */

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
  socket[kTimer] = startTimer(onTimer, milliseconds, socket);
  socket[kTimerDelay] = milliseconds;
}

/**
 * Starts a timer, unless the present one fires early enough; that one starts again if it fires too
 * early.
 */
function ensureArmed(socket: SocketImpl, milliseconds: number): void {
  if (socket[kTimer] !== null && socket[kTimerDelay] <= milliseconds) return;
  stopTimer(socket);
  arm(socket, milliseconds);
}

/**
 * Records activity. If the native code has the connection, it records the time of the event loop,
 * on which timers are based.
 */
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
  // The timeout was turned off in the meantime. Clearing the timer would have cost as much as this.
  if (socket.timeout === 0) return;
  const left = timeLeft(Math.min(socket.timeout!, TIMEOUT_MAX), idleTime(socket));
  if (left > 0) {
    arm(socket, left);
    return;
  }
  socket[kTimedOut] = true;
  socket._onTimeout();
}

/** Activity after a 'timeout' starts the timer again. */
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

  /** Records activity for this socket and for the sockets below it. */
  _unrefTimer(this: SocketImpl): void {
    for (let socket: SocketImpl | null = this; socket != null; socket = socket._parent) {
      if (socket[kTimer] != null) touch(socket);
      else if (socket[kTimedOut]) rearm(socket);
    }
  },

  _onTimeout(this: SocketImpl): void {
    // A write that makes progress counts as activity, even if no byte arrives.
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
