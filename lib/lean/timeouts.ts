import { clearTimeout, setTimeout } from '../internal/base/timers';
import { binding } from '../internal/native/binding';
import { TIMEOUT_MAX } from '../internal/socket/timeouts';
import { validateInteger } from '../internal/base/validators';

/** Timers of connections. None is left once its connection is closed. */

/** A connection, as its timers see it. */
interface Timed {
  readonly id: number;
  readonly idleTime: number;
  readonly bytesRead: number;
  destroy(): void;
  /** The handler `timeout` is to be called. */
  timedOut(): void;
}

/**
 * An idle timeout: a timer looks when the native code last saw a byte, and sleeps on if that is
 * recent.
 */
interface Idle {
  milliseconds: number;
  timer: NodeJS.Timeout;
  /** When `timeout` was called last, by `performance.now()`. */
  toldAt: number;
}

const idles = new Map<Timed, Idle>();

/** The loop's clock is up to a millisecond behind. */
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

/** Timeds that have to send a first byte within a time. */
const awaited = new Map<Timed, NodeJS.Timeout>();

function hasSent(connection: Timed): boolean {
  // If it is paused the kernel has its bytes.
  return connection.bytesRead > 0 || binding.isReadable(binding.fd(connection.id)) === 1;
}

function onLate(connection: Timed): void {
  awaited.delete(connection);
  if (!hasSent(connection)) connection.destroy();
}

/** Looks once, when the time is up: bytes that come in cost nothing for it. */
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
