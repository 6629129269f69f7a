import { nativeState } from '../native/binding';
import { clearTimeout, setTimeout } from '../base/timers';
import type { HandleOwner } from '../native/handle-events';
import { ownerOf } from '../native/handle';
import type { CloseOptions, ServerImpl } from './server-impl';
import { kGraceTimer, kLimits } from '../base/symbols';
import { validateInteger, validateObject } from '../base/validators';

/** Ends the connections of a server, and waits for their end. */

/**
 * Long enough to process a request without moving a byte, and short compared with a useful grace
 * period.
 */
const DEFAULT_IDLE_TIMEOUT = 1000;

/**
 * Milliseconds between two checks for idle connections. With many connections, each check costs
 * time.
 */
const LEAST_PAUSE = 5;

/** A connection that can be closed at once, or ended after its waiting data. */
interface Ending {
  destroy?: () => void;
  destroySoon?: () => void;
}

/** The connections of a server, as a close with a grace period needs them. */
export interface EndingConnections {
  /** The connections that have moved no byte for `ms` milliseconds. */
  idle(ms: number): Ending[];
  destroyAll(): void;
}

function connectionsOf(server: ServerImpl, idle: number): Ending[] {
  const owners = server[kLimits].policy.idleHandles(idle).map((id) => ownerOf(id));
  return owners.filter((owner): owner is HandleOwner & Ending => owner !== null);
}

const socketsOf = (server: ServerImpl): EndingConnections => ({
  idle: (ms) => connectionsOf(server, ms),
  destroyAll() {
    for (const connection of connectionsOf(server, 0)) connection.destroy?.();
  },
});

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function endIdle(connections: EndingConnections, idleTimeout = DEFAULT_IDLE_TIMEOUT): void {
  validateInteger(idleTimeout, 'idleTimeout', 0);
  for (const connection of connections.idle(idleTimeout)) connection.destroySoon?.();
}

/** Ends the idle connections after their waiting data. The server goes on listening. */
function closeIdleConnections(this: ServerImpl, idleTimeout?: number): void {
  endIdle(socketsOf(this), idleTimeout);
}

/** Destroys all connections. The server goes on listening. */
function closeAllConnections(this: ServerImpl): void {
  socketsOf(this).destroyAll();
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function checkCloseOptions(options: unknown): asserts options is CloseOptions {
  validateObject(options, 'options');
  const { gracePeriod, idleTimeout } = options as Partial<CloseOptions>;
  validateInteger(gracePeriod, 'options.gracePeriod', 0, 2 ** 31 - 1);
  if (idleTimeout !== undefined) {
    validateInteger(idleTimeout, 'options.idleTimeout', 0, 2 ** 31 - 1);
  }
}

/** Ends connections as they become idle, and destroys the others when the grace period is over. */
export function startGrace(
  server: ServerImpl,
  { gracePeriod, idleTimeout = DEFAULT_IDLE_TIMEOUT }: CloseOptions,
  connections = socketsOf(server),
): void {
  const end = performance.now() + gracePeriod;
  const check = (): void => {
    if (server._connections === 0) return;
    const left = end - performance.now();
    if (left <= 0) {
      connections.destroyAll();
      return;
    }
    const idleNow = connections.idle(idleTimeout);
    const [nextIdle] = nativeState;
    for (const connection of idleNow) connection.destroySoon?.();
    // New connections start with a full idle time.
    const pause = nextIdle < 0 ? idleTimeout : nextIdle;
    server[kGraceTimer] = setTimeout(check, Math.min(left, Math.max(pause, LEAST_PAUSE)));
  };
  clearTimeout(server[kGraceTimer]);
  check();
}

/** Ends the grace period: the server has closed, or it listens again. */
export function endGrace(server: ServerImpl): void {
  clearTimeout(server[kGraceTimer]);
}

/** Properties of Server.prototype, which node:net does not have. */
export const closeProperties: PropertyDescriptorMap = {
  closeIdleConnections: { configurable: true, writable: true, value: closeIdleConnections },
  closeAllConnections: { configurable: true, writable: true, value: closeAllConnections },
};
