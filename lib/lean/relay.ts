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
import { TIMEOUT_MAX } from '../internal/base/timers';
import {
  validateAbortSignal,
  validateFunction,
  validateInteger,
  validateObject,
} from '../internal/base/validators';
import type * as declared from '../types/interfaces';
import { Socket } from './socket';
import { toSocketRefusal } from './transfer';
import { Connection } from './connection/connection';

export type { RelayError, RelayProgress, RelayResult };

/** Options of `relay()`. */
export interface RelayOptions {
  /**
   * Milliseconds without a byte in either direction after which both connections are closed. The
   * time starts with the call, so it also limits a connect. Default: no limit.
   */
  idleTimeout?: number | undefined;
  /** An abort closes both connections. */
  signal?: AbortSignal | undefined;
  /**
   * Called with the numbers of bytes moved so far, at most once per `progressInterval`, and only if
   * bytes have moved.
   */
  onProgress?: ((progress: RelayProgress) => void) | undefined;
  /** Least number of milliseconds between two calls of `onProgress`. Default: 1000. */
  progressInterval?: number | undefined;
}

type Side = Socket | declared.Connection;

function checkType(side: unknown, name: string): void {
  // `instanceof` also accepts Node's sockets, but the native code cannot read their bytes.
  if (!(side instanceof Connection) && !isMadeBy(Socket, side)) {
    throw new ERR_INVALID_ARG_TYPE(name, 'uvnet.Socket', side);
  }
}

/** Checks both sides before either of them is changed. */
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
    // The corked data of `b` could not be sent. No other code has this socket.
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
 * Joins two connections. Each can be a socket or a connection of a handler table, which is turned
 * into a socket. Each side receives the bytes of the other, without events and Buffers, until both
 * have ended. Either side may still be connecting.
 *
 * Bytes that were read but not consumed are sent first, and so is data that was written to the
 * other side before. The end of a side is passed on, so a connection can stay half-open. A reset is
 * passed on as a reset. A slow receiver slows down its sender, so little memory is held.
 *
 * From the call on, the sockets emit no 'data', and no other code may read or write them. At the
 * end, both sockets close and emit their usual events, but no 'error' for a failure of the relay.
 *
 * @returns how many bytes each side received from the other, and the reason for the end
 * @throws (rejects with) a {@link RelayError}, which names the side, if a connection fails or
 *   `socket.destroy(error)` was called; ERR_INVALID_STATE or ERR_SOCKET_CLOSED for a socket that
 *   cannot be relayed, which is then left unchanged; an AbortError
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
