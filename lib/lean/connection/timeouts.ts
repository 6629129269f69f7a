import { clearTimeout, startTimer, timeLeft, TIMEOUT_MAX } from '../../internal/base/timers';
import { expectFirstByte } from '../../internal/listen/admission';
import { validateInteger } from '../../internal/base/validators';

/**
 * Timers of connections, by connection: few have one. A closed connection has none. Unlike on a
 * socket, the idle timer continues after `timeout` was called, because moving bytes does not check
 * it.
 */

/** The members of a connection that its timers need. */
interface Timed {
  readonly id: number;
  readonly idleTime: number;
  destroy(): void;
  /** Calls the handler `timeout`. */
  timedOut(): void;
}

/** An idle timeout; see `timeLeft`. */
interface Idle {
  milliseconds: number;
  timer: NodeJS.Timeout;
  /** The time of the last `timeout` call, from `performance.now()`. */
  toldAt: number;
}

const idles = new Map<Timed, Idle>();

function onTimer(connection: Timed): void {
  const idle = idles.get(connection);
  if (idle === undefined) return;
  const left = timeLeft(idle.milliseconds, connection.idleTime);
  if (left > 0) {
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
  idle.timer = startTimer(onTimer, milliseconds, connection);
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

/** Destroys the connection if its first byte does not arrive in time. */
export function awaitFirstByte(connection: Timed, milliseconds: number): void {
  const { id } = connection;
  const timer = expectFirstByte(id, milliseconds, () => {
    connection.destroy();
  });
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
