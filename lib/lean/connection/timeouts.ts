import { clearTimeout, setTimeout } from '../../internal/base/timers';
import { binding } from '../../internal/native/binding';
import { TIMEOUT_MAX } from '../../internal/socket/timeouts';
import { validateInteger } from '../../internal/base/validators';

/** Timers of connections. A closed connection has none. */

/** The members of a connection that its timers need. */
interface Timed {
  readonly id: number;
  readonly idleTime: number;
  readonly bytesRead: number;
  destroy(): void;
  /** Calls the handler `timeout`. */
  timedOut(): void;
}

/**
 * An idle timeout. When its timer fires, it checks when the native code last saw a byte. If that
 * was recent, the timer starts again for the rest of the time.
 */
interface Idle {
  milliseconds: number;
  timer: NodeJS.Timeout;
  /** The time of the last `timeout` call, from `performance.now()`. */
  toldAt: number;
}

const idles = new Map<Timed, Idle>();

/** The clock of the event loop is up to a millisecond behind. */
const SLACK = 1;

function onTimer(connection: Timed): void {
  const idle = idles.get(connection);
  if (idle === undefined) return;
  const left = idle.milliseconds - connection.idleTime;
  if (left > SLACK) {
    arm(connection, idle, left);
    return;
  }
  arm(connection, idle, idle.milliseconds);
  const now = performance.now();
  // No byte has moved since `timeout` was called.
  if (connection.idleTime > now - idle.toldAt) return;
  idle.toldAt = now;
  connection.timedOut();
}

function arm(connection: Timed, idle: Idle, milliseconds: number): void {
  idle.timer = setTimeout(onTimer, Math.ceil(milliseconds), connection);
  idle.timer.unref();
}

export function setIdleTimeout(connection: Timed, milliseconds: number): void {
  validateInteger(milliseconds, 'milliseconds', 0, TIMEOUT_MAX);
  closeIdleTimer(connection);
  if (milliseconds === 0) return;
  const idle = { milliseconds, toldAt: -Infinity } as Idle;
  idles.set(connection, idle);
  arm(connection, idle, milliseconds);
}

/** Connections that must send a first byte in time. */
const awaited = new Map<Timed, NodeJS.Timeout>();

function hasSent(connection: Timed): boolean {
  // The bytes of a paused connection are in the kernel.
  return connection.bytesRead > 0 || binding.isReadable(binding.fd(connection.id)) === 1;
}

function onLate(connection: Timed): void {
  awaited.delete(connection);
  if (!hasSent(connection)) connection.destroy();
}

/** Checks once, when the time is over. So reading costs nothing extra. */
export function expectFirstByte(connection: Timed, milliseconds: number): void {
  const timer = setTimeout(onLate, milliseconds, connection);
  timer.unref();
  awaited.set(connection, timer);
}

export function closeTimers(connection: Timed): void {
  if (idles.size > 0) closeIdleTimer(connection);
  if (awaited.size === 0) return;
  const timer = awaited.get(connection);
  if (timer === undefined) return;
  clearTimeout(timer);
  awaited.delete(connection);
}

function closeIdleTimer(connection: Timed): void {
  const idle = idles.get(connection);
  if (idle === undefined) return;
  clearTimeout(idle.timer);
  idles.delete(connection);
}
