import { clearTimeout, setTimeout } from '../base/timers';
import type { HandleOwner } from '../native/handle-events';
import { nativeState } from '../native/native-state';
import { ownerOf } from '../native/handle';
import type { ClosedState, CloseOptions, ServerImpl } from './server-state';
import { kClosed, kGraceTimer, kLimits } from '../base/symbols';
import { validateInteger, validateObject } from '../base/validators';

/** Ending a server's connections, and waiting for their end. */

/** Long enough for a request to be worked on in silence, short against any useful grace. */
const DEFAULT_IDLE = 1000;

/** Milliseconds between two looks for idle connections: where there are many, each look costs. */
const LEAST_PAUSE = 5;

/** A connection that can be ended: now, or behind what it has still to send. */
export interface Ending {
  destroy?: () => void;
  destroySoon?: () => void;
}

/** The connections of a server, as the end of a grace needs them. */
export interface EndingConnections {
  /** Those that have moved no byte for `ms` milliseconds. */
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

/**
 * Ends the connections that have moved no byte for `ms` milliseconds, after what they have still to
 * send. The server goes on listening.
 *
 * @returns how many these were
 */
export function closeIdle(this: ServerImpl, ms = 0): number {
  validateInteger(ms, 'ms', 0);
  const idle = connectionsOf(this, ms);
  for (const connection of idle) connection.destroySoon?.();
  return idle.length;
}

/** Closes the server and destroys all its connections. */
export function closeAll(this: ServerImpl, callback?: (error?: Error) => void): ServerImpl {
  if (this._handle !== null || this._connections === 0) this.close(callback);
  else if (typeof callback === 'function') this.once('close', callback);
  socketsOf(this).destroyAll();
  return this;
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function checkCloseOptions(options: unknown): asserts options is CloseOptions {
  validateObject(options, 'options');
  const { grace, idle } = options as Partial<CloseOptions>;
  validateInteger(grace, 'options.grace', 0, 2 ** 31 - 1);
  if (idle !== undefined) validateInteger(idle, 'options.idle', 0, 2 ** 31 - 1);
}

/** Ends idle connections from now on, and all others when the grace is over. */
export function startGrace(
  server: ServerImpl,
  { grace, idle = DEFAULT_IDLE }: CloseOptions,
  connections = socketsOf(server),
): void {
  const end = performance.now() + grace;
  const check = (): void => {
    if (server._connections === 0) return;
    const left = end - performance.now();
    if (left <= 0) {
      connections.destroyAll();
      return;
    }
    const idleNow = connections.idle(idle);
    const [nextIdle] = nativeState;
    for (const connection of idleNow) connection.destroySoon?.();
    // Those that come from a handshake still have their idle time before them.
    const pause = nextIdle < 0 ? idle : nextIdle;
    server[kGraceTimer] = setTimeout(check, Math.min(left, Math.max(pause, LEAST_PAUSE)));
  };
  clearTimeout(server[kGraceTimer]);
  check();
}

function closedState(server: ServerImpl): ClosedState {
  let state = server[kClosed];
  if (state === undefined) {
    let resolve!: () => void;
    const promise = new Promise<void>((fulfil) => (resolve = fulfil));
    state = { promise, resolve, done: false };
    server[kClosed] = state;
  }
  return state;
}

/** With the event 'close'. */
export function markClosed(server: ServerImpl): void {
  clearTimeout(server[kGraceTimer]);
  const state = closedState(server);
  state.done = true;
  state.resolve();
}

/** The server listens (again): the promise from now on is for the next end. */
export function markOpen(server: ServerImpl): void {
  clearTimeout(server[kGraceTimer]);
  if (server[kClosed]?.done === true) server[kClosed] = undefined;
}

/** Properties of Server.prototype, which node:net does not have. */
export const closeProperties: PropertyDescriptorMap = {
  closeIdle: { configurable: true, writable: true, value: closeIdle },
  closeAll: { configurable: true, writable: true, value: closeAll },
  closed: {
    configurable: true,
    get(this: ServerImpl): Promise<void> {
      return closedState(this).promise;
    },
  },
};
