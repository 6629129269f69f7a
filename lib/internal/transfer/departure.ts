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
 * A connection leaves a Socket, in the one way in which it does, to every kind of owner: node:net, a
 * handler table, another thread.
 *
 * 1. `checkDeparture` refuses what cannot move, and the new owner is made. If that fails nothing
 *    has changed.
 * 2. Reading stops. What was read and not consumed (unread.ts) and what was written and not sent
 *    (unsent.ts) are the new owner's. No event can come in between, as all of this is one call.
 * 3. `depart`: the old socket is closed, and delivers nothing any more.
 */

/**
 * Also in the callback of a write that has failed, after which the socket is destroyed: the kernel
 * reports the error once, and a new owner would take what follows for an end.
 */
export const isOver = (socket: Duplex): boolean => socket.destroyed || socket.errored !== null;

/**
 * The handle of a socket that may move. Its gathered writes have left, or are in the native code's queue.
 */
export function checkDeparture(socket: SocketImpl, method: string): Handle {
  if (socket.connecting) {
    throw new ERR_INVALID_STATE(`${method} needs a connection; wait for 'connect'`);
  }
  // What fails here destroys its socket.
  flushGathered();
  const handle = socket[kHandle];
  if (isOver(socket) || handle === null) throw new ERR_SOCKET_CLOSED();
  if (successorOf(socket) !== undefined) {
    throw new ERR_INVALID_STATE('the connection went on as a socket of node:net');
  }
  if (!(handle instanceof TCP || handle instanceof Pipe)) {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`${method} of a foreign handle`);
  }
  if (handle.relay !== null) throw new ERR_INVALID_STATE('the socket is being relayed');
  if (socket[kPeek] !== undefined) throw new ERR_INVALID_STATE('a peek is under way');
  if (socket[kDescriptorsToSend]! > 0) throw new ERR_INVALID_STATE('descriptors wait to be sent');
  if (waitsBehind(socket)) {
    throw new ERR_INVALID_STATE('bytes that node:net was given still have to leave');
  }
  return handle;
}

/** For where the callbacks of writes cannot go along. */
export function refuseWaiting(socket: SocketImpl, method: string): void {
  if (!awaitsSending(socket)) return;
  throw new ERR_INVALID_STATE(
    `${method} would lose data that was not sent yet; wait for the callback of write()`,
  );
}

/** Whether `end()` was called, and the FIN is the new owner's to send. */
export const endsLater = (socket: Duplex): boolean => socket.writableEnded && !isShutDown(socket);

/**
 * Closes the old socket. One with a successor that has promised an end waits for that: its 'finish'
 * and the callback of `end()` come when the successor's does.
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

/** Lets the old socket run dry: its bytes are the successor's. */
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
