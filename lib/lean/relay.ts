import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } from '../internal/base/errors';
import {
  blame,
  Relay,
  unfit,
  type RelayError,
  type RelayProgress,
  type RelayResult,
  type RelaySettings,
} from '../internal/relay/relay';
import { isMadeBy } from '../internal/base/made-by';
import type { SocketImpl } from '../internal/socket/socket-state';
import { TIMEOUT_MAX } from '../internal/socket/timeouts';
import {
  validateAbortSignal,
  validateFunction,
  validateInteger,
  validateObject,
} from '../internal/base/validators';
import type * as declared from '../types/interfaces';
import { Socket } from './socket';
import { toSocketRefusal } from './adopt';
import { Connection } from './connection';

export type { RelayError, RelayProgress, RelayResult };

/** Options of {@link relay}. */
export interface RelayOptions {
  /**
   * Milliseconds without a byte in either direction after which both connections are closed. They
   * count from the call, so that they limit a connect as well. Default: no limit.
   */
  idleTimeout?: number | undefined;
  /** Closes both connections when it is aborted. */
  signal?: AbortSignal | undefined;
  /** Told of the bytes that moved so far, at most once per `progressInterval`, and not of rest. */
  onProgress?: ((progress: RelayProgress) => void) | undefined;
  /** Milliseconds. Default: 1000. */
  progressInterval?: number | undefined;
}

type Side = Socket | declared.Connection;

function checkType(side: unknown, name: string): void {
  // Node's sockets pass for ours in `instanceof`; their bytes are out of reach.
  if (!(side instanceof Connection) && !isMadeBy(Socket, side)) {
    throw new ERR_INVALID_ARG_TYPE(name, 'uvnet.Socket', side);
  }
}

/** Whatever refuses a side does so before either is another one than it was. */
function checkFitness(sides: readonly [Side, Side]): void {
  if (sides[0] === sides[1]) {
    throw new ERR_INVALID_ARG_VALUE('b', sides[1], 'is the same socket as a');
  }
  for (const index of [0, 1] as const) {
    const side = sides[index];
    const error =
      side instanceof Connection ? toSocketRefusal(side) : unfit(side as unknown as SocketImpl);
    if (error !== undefined) throw blame(error, index, { bytesAtoB: 0, bytesBtoA: 0 });
  }
}

const socketOf = (side: Side): SocketImpl =>
  (side instanceof Connection ? side.toSocket() : side) as unknown as SocketImpl;

function takeSockets([a, b]: readonly [Side, Side]): readonly [SocketImpl, SocketImpl] {
  const first = socketOf(a);
  try {
    return [first, socketOf(b)];
  } catch (error) {
    // What `b` had corked could not be sent. Nobody else has this socket.
    if (a instanceof Connection) first.destroy();
    throw error;
  }
}

function checkOptions(options: RelayOptions): RelaySettings {
  validateObject(options, 'options');
  const { idleTimeout, signal, onProgress, progressInterval = 1000 } = options;
  if (idleTimeout !== undefined) {
    validateInteger(idleTimeout, 'options.idleTimeout', 1, TIMEOUT_MAX);
  }
  validateAbortSignal(signal, 'options.signal');
  if (onProgress !== undefined) validateFunction(onProgress, 'options.onProgress');
  validateInteger(progressInterval, 'options.progressInterval', 1, TIMEOUT_MAX);
  return { idleTimeout, signal, onProgress, progressInterval };
}

/**
 * Connects two connections with each other, be they sockets or those of handler tables (which become
 * sockets by it): what one sends the other receives, without an event or
 * a Buffer in between, until both have ended. Either may be connecting still.
 *
 * What was read of a side and not consumed goes first, as does what was written to the other side
 * before. The end of a side is passed on, so that a connection may be half-open for any time; a
 * reset is passed on as a reset. While a receiver is slow its sender is slowed, and little memory
 * is held.
 *
 * The sockets emit no 'data' from the call on, and are not to be read or written by others. At the
 * end both are closed and emit what a socket emits then, but no 'error' for what this rejects with.
 *
 * @returns how many bytes each side received of the other, and why it is over
 * @throws (rejects with) a {@link RelayError}, which names the side: if a connection fails,
 *   if `socket.destroy(error)` was called, ERR_INVALID_STATE and ERR_SOCKET_CLOSED for a socket
 *   that cannot be relayed (which is then left as it was); and an AbortError
 */
export function relay(
  a: Socket | declared.Connection,
  b: Socket | declared.Connection,
  options: RelayOptions = {},
): Promise<RelayResult> {
  return new Promise((resolve, reject) => {
    checkType(a, 'a');
    checkType(b, 'b');
    const settings = checkOptions(options);
    checkFitness([a, b]);
    new Relay(takeSockets([a, b]), settings, resolve, reject);
  });
}
