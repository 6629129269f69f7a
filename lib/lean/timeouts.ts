import { clearTimeout, setTimeout } from '../internal/base/timers';
import { binding } from '../internal/native/binding';
import { TIMEOUT_MAX } from '../internal/socket/timeouts';
import { validateInteger } from '../internal/base/validators';
import type { Connection } from './connection';

/** Timers of connections. None is left once its connection is closed. */

/** An idle timeout: a timer looks when the core last saw a byte, and sleeps on where that is recent. */
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
  closeIdleTimer(connection);
  if (milliseconds === 0) return;
  const idle = { milliseconds, toldAt: -Infinity } as Idle;
  idles.set(connection, idle);
  arm(connection, idle, milliseconds);
}

/** Connections that have to send a first byte within a time. */
const awaited = new Map<Connection, NodeJS.Timeout>();

function hasSent(connection: Connection): boolean {
  // Where it is paused the kernel has its bytes.
  return connection.bytesRead > 0 || binding.isReadable(binding.fd(connection.id)) === 1;
}

function onLate(connection: Connection): void {
  awaited.delete(connection);
  if (!hasSent(connection)) connection.destroy();
}

/** Looks once, when the time is up: bytes that come in cost nothing for it. */
export function expectFirstByte(connection: Connection, milliseconds: number): void {
  const timer = setTimeout(onLate, milliseconds, connection);
  timer.unref();
  awaited.set(connection, timer);
}

export function closeTimers(connection: Connection): void {
  if (idles.size > 0) closeIdleTimer(connection);
  if (awaited.size === 0) return;
  const timer = awaited.get(connection);
  if (timer === undefined) return;
  clearTimeout(timer);
  awaited.delete(connection);
}

function closeIdleTimer(connection: Connection): void {
  const idle = idles.get(connection);
  if (idle === undefined) return;
  clearTimeout(idle.timer);
  idles.delete(connection);
}
