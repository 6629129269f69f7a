import { clearTimeout, setTimeout } from '../internal/base/timers';
import { TIMEOUT_MAX } from '../internal/socket/timeouts';
import { validateInteger } from '../internal/base/validators';
import type { Connection } from './connection';

/** Idle timeouts: a timer looks when the core last saw a byte, and sleeps on where that is recent. */

interface Idle {
  milliseconds: number;
  timer: NodeJS.Timeout;
  /** When `timeout` was called last, by `performance.now()`. */
  toldAt: number;
}

const idles = new Map<Connection, Idle>();

/** The loop's clock is up to a millisecond behind. */
const SLACK = 1;

function onTimer(connection: Connection): void {
  const idle = idles.get(connection);
  if (idle === undefined) return;
  const left = idle.milliseconds - connection.idleTime;
  if (left > SLACK) {
    arm(connection, idle, left);
    return;
  }
  arm(connection, idle, idle.milliseconds);
  const now = performance.now();
  // No byte has moved since it was told.
  if (connection.idleTime > now - idle.toldAt) return;
  idle.toldAt = now;
  connection.group.table.timeout(connection);
}

function arm(connection: Connection, idle: Idle, milliseconds: number): void {
  idle.timer = setTimeout(onTimer, Math.ceil(milliseconds), connection);
  idle.timer.unref();
}

export function setIdleTimeout(connection: Connection, milliseconds: number): void {
  validateInteger(milliseconds, 'milliseconds', 0, TIMEOUT_MAX);
  closeTimer(connection);
  if (milliseconds === 0) return;
  const idle = { milliseconds, toldAt: -Infinity } as Idle;
  idles.set(connection, idle);
  arm(connection, idle, milliseconds);
}

export function closeTimer(connection: Connection): void {
  if (idles.size === 0) return;
  const idle = idles.get(connection);
  if (idle === undefined) return;
  clearTimeout(idle.timer);
  idles.delete(connection);
}
