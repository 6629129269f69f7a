import type { Duplex } from 'node:stream';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_STATE,
  ERR_SOCKET_CLOSED,
} from '../base/errors';
import type { Handle } from '../native/handle';
import { flushGathered } from '../native/gathering';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import { keepByteCounts } from '../socket/closing';
import type { SocketImpl, WriteCallback } from '../socket/socket-state';
import { kHandle, kDescriptorsToSend, kPeek, kShutdownCallback } from '../base/symbols';
import { waitsBehind } from './queue-behind';
import { successorOf } from './successors';
import { silence } from './unread';
import { awaitsSending, isShutDown, uncorkAll } from './unsent';

/**
 * The transfer of a connection from a Socket to any kind of new owner: node:net, a handler table,
 * another thread.
 *
 * 1. `checkDeparture` refuses connections that cannot be transferred, and the new owner is made. If
 *    that fails, nothing has changed.
 * 2. Reading stops. The new owner gets the bytes that were read but not consumed (unread.ts), and
 *    those that were written but not sent (unsent.ts). All of this happens in one call, so no event
 *    can occur in between.
 * 3. `depart` closes the old socket, which delivers nothing more.
 */

/**
 * Whether the socket is destroyed or about to be. This includes the callback of a failed write: the
 * kernel reports the error only once, and a new owner would see a normal end.
 */
export const isOver = (socket: Duplex): boolean => socket.destroyed || socket.errored !== null;

/**
 * Returns the handle of a socket that can be transferred. Its gathered writes have left, or are in
 * the native queue.
 */
export function checkDeparture(socket: SocketImpl, method: string): Handle {
  if (socket.connecting) {
    throw new ERR_INVALID_STATE(`${method} needs a connection; wait for 'connect'`);
  }
  // If a write fails here, its socket is destroyed.
  flushGathered();
  const handle = socket[kHandle];
  if (isOver(socket) || handle === null) throw new ERR_SOCKET_CLOSED();
  if (successorOf(socket) !== undefined) {
    throw new ERR_INVALID_STATE('the connection was transferred to a socket of node:net');
  }
  if (!(handle instanceof TCP || handle instanceof Pipe)) {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(
      `${method} of a handle that uvnet did not create`,
    );
  }
  if (handle.relay !== null) throw new ERR_INVALID_STATE('the socket is being relayed');
  if (socket[kPeek] !== undefined) throw new ERR_INVALID_STATE('a peek is in progress');
  if (socket[kDescriptorsToSend]! > 0) throw new ERR_INVALID_STATE('descriptors wait to be sent');
  if (waitsBehind(socket)) {
    throw new ERR_INVALID_STATE('data that was written to the socket of node:net waits to be sent');
  }
  return handle;
}

/** Refuses a transfer while data waits, because the callbacks of writes cannot be transferred. */
export function refuseWaiting(socket: SocketImpl, method: string): void {
  if (!awaitsSending(socket)) return;
  throw new ERR_INVALID_STATE(
    `${method} would lose data that was not sent yet; wait for the callback of write()`,
  );
}

/** Whether `end()` was called and the new owner must send the FIN. */
export const endsLater = (socket: Duplex): boolean => socket.writableEnded && !isShutDown(socket);

/**
 * Closes the old socket. If `end()` was called and there is a successor, its 'finish' and the
 * callback of `end()` wait until the successor has finished.
 */
export function depart(socket: SocketImpl, successor?: Duplex): void {
  silence(socket);
  if (successor === undefined || !endsLater(socket)) {
    socket.destroy();
    return;
  }
  const handle = socket[kHandle]!;
  keepByteCounts(socket, handle);
  handle.owner = null;
  handle.close();
  socket[kHandle] = null;
  finishWith(socket, successor);
}

/** Empties the old socket, because the successor sends its bytes. */
function finishWith(socket: SocketImpl, successor: Duplex): void {
  let finished = false;
  let done: WriteCallback | undefined;
  const settle = (): void => {
    if (finished) done?.();
  };
  const final = (callback: WriteCallback): void => {
    done = callback;
    settle();
  };
  Object.assign(socket, {
    _write: (_data: unknown, _encoding: unknown, callback: WriteCallback) => callback(),
    _writev: null,
    _final: final,
  });
  successor.once('finish', () => {
    finished = true;
    settle();
  });
  successor.once('close', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  const underWay = socket[kShutdownCallback];
  socket[kShutdownCallback] = null;
  if (underWay !== null) final(underWay);
  uncorkAll(socket);
}
