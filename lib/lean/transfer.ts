import { Buffer } from 'node:buffer';
import { kOnReadStatus } from '../internal/native/handle-events';
import { binding, errnoByName } from '../internal/native/binding';
import { ERR_INVALID_STATE, ERR_SOCKET_CLOSED } from '../internal/base/errors';
import { errnoException } from '../internal/base/system-errors';
import type { Handle } from '../internal/native/handle';
import { Pipe } from '../internal/native/pipe';
import { TCP } from '../internal/native/tcp';
import { nameEnds } from '../internal/proxy/name-ends';
import { keepByteCounts } from '../internal/socket/closing';
import type { SocketImpl } from '../internal/socket/socket-state';
import { kHandle, kProxy, kReceiveDescriptors } from '../internal/base/symbols';
import { checkDeparture, depart, endsLater, refuseWaiting } from '../internal/transfer/departure';
import { giveUnread, unreadBytes, unreadOf } from '../internal/transfer/unread';
import { isShutDown } from '../internal/transfer/unsent';
import type { ConnectionOptions } from '../types/connection-options';
import type * as declared from '../types/interfaces';
import type { Handlers } from '../types/interfaces';
import { Socket } from './socket';
import { Connection, type ConnectionGroup } from './connection/connection';
import {
  CORKED,
  ENDED,
  FINISHED,
  GONE,
  PAUSED,
  SHUT,
  UNOPENED,
  UNREF,
} from './connection/state-bits';
import { keepEnds, knownEnds } from './connection/ends';
import { framingOf, wireBytes } from './options/framing';
import { makeGroup } from './connection/delivery';
import { tableOf } from './connection/handlers';
import { checkNames } from './options/known-options';
import { connectionNames } from './options/option-names';
import { holdEnd, holdUnread, takeHeld } from './connection/paused-input';

/** Transfers of connections between sockets and handler tables. */

const UV_EOF = errnoByName('EOF');

/**
 * Adds the connection of a handle to a group. The connection is paused.
 *
 * @param announce - whether `open` is to be called
 */
export function transferHandle(
  handle: Handle,
  group: ConnectionGroup,
  announce: boolean,
): Connection {
  const status = binding.leanAdd(handle.id, group.number, announce);
  if (status !== 0) throw errnoException(status, 'open');
  return new Connection(handle.release(), group, announce ? UNOPENED | PAUSED : PAUSED);
}

/**
 * Transfers the connection of a socket to a group. The socket emits 'close', and the connection
 * stays open. The connection is paused if the connections of the group start paused.
 */
export function transferSocket(from: Socket, group: ConnectionGroup, announce = true): Connection {
  const socket = from as unknown as SocketImpl;
  const handle = checkDeparture(socket, 'socket.toLean()');
  refuseWaiting(socket, 'socket.toLean()');
  if (socket[kReceiveDescriptors] === true) {
    throw new ERR_INVALID_STATE('a handler table cannot receive descriptors');
  }
  const { ended } = socket._readableState;
  const shut = isShutDown(socket);
  const endNow = endsLater(socket);
  const refed = handle.hasRef();
  const proxyInfo = socket[kProxy];
  const ends = proxyInfo && {
    remote: socket._getpeername(),
    local: socket._getsockname(),
    proxyInfo,
  };
  const unread = unreadBytes(unreadOf(socket));
  keepByteCounts(socket, handle);
  handle.readStop();
  const connection = transferHandle(handle, group, announce);
  // The socket no longer has a handle to close. A server that counts it must know.
  socket[kHandle] = null;
  depart(socket);

  if (ends !== undefined) keepEnds(connection, ends);
  connection.queued = binding.writeQueueSize(connection.id);
  if (shut) connection.state |= FINISHED | SHUT;
  if (!refed) connection.unref();
  for (const bytes of unread) holdUnread(connection, bytes);
  if (ended) holdEnd(connection);
  if (!group.pauses) connection.resume();
  if (endNow) connection.end();
  return connection;
}

/** See {@link Socket.toLean} in socket.ts. */
export function toLean<Data>(
  socket: Socket,
  handlers: Handlers<Data>,
  options: ConnectionOptions = {},
): declared.Connection<Data> {
  checkNames(options, connectionNames);
  const group = makeGroup(tableOf(handlers), undefined, options, framingOf(options.framing));
  try {
    return transferSocket(socket, group, false) as Connection<Data>;
  } finally {
    group.finish();
  }
}

/**
 * Returns the error if a connection cannot become a socket.
 *
 * @internal
 */
export function toSocketRefusal({ state }: Connection): Error | undefined {
  if ((state & GONE) !== 0) return new ERR_SOCKET_CLOSED();
  if ((state & FINISHED) !== 0) return new ERR_INVALID_STATE('toSocket() comes after end()');
  return undefined;
}

/**
 * Bytes that were read but given to no handler, as they were on the wire, and how reading or
 * writing ended.
 */
export interface Undelivered {
  chunks: Buffer[];
  ended: boolean;
  error: Error | undefined;
}

/** What no handler was given, which none is given any more. */
export function takeUndelivered(connection: Connection): Undelivered {
  const { group, id } = connection;
  const { chunks: messages, ended } = takeHeld(connection);
  const taken: Undelivered = { chunks: [], ended, error: undefined };
  for (const item of binding.leanTakeNoted(id)) {
    if (typeof item !== 'number') messages.push(item);
    else if (item === UV_EOF) taken.ended = true;
    else taken.error ??= errnoException(-Math.abs(item), item > 0 ? 'write' : 'read');
  }
  taken.chunks = messages.flatMap((message) => wireBytes(message, group.framing));
  // A socket has no framing, so a message that violates the framing is plain data for it.
  if (group.framed) taken.chunks.push(binding.leanUncut(id)!);
  return taken;
}

/** See {@link Connection.toSocket}. */
function becomeSocket(connection: Connection, unread: Buffer | undefined): Socket {
  // Written data leaves first, or is in the queue of the native code.
  while ((connection.state & (GONE | CORKED)) === CORKED) connection.uncork();
  binding.leanFlush();
  const refusal = toSocketRefusal(connection);
  if (refusal !== undefined) throw refusal;

  const { group, id, state } = connection;
  const paused = connection.isPaused();
  const { chunks, ended: endNoted, error } = takeUndelivered(connection);
  if (unread !== undefined) chunks.unshift(Buffer.from(unread));
  const given = chunks.filter(({ length }) => length > 0);
  const ended = (state & ENDED) !== 0 || endNoted;
  connection.leave();
  binding.readStop(id);
  group.left(connection);

  const tcp = typeof binding.tcpSockName(id) === 'string';
  binding.leanRemove(id, tcp ? 'TCPWRAP' : 'PIPEWRAP');
  const handle = tcp ? new TCP(id) : new Pipe(id);
  const ends = knownEnds(connection);
  // Only a PROXY header gives the peer an address that the native code does not know.
  if (ends?.remote?.address !== undefined) {
    nameEnds(handle, { remote: ends.remote, local: ends.local! });
  }
  const socket = new Socket({
    handle,
    allowHalfOpen: group.allowHalfOpen,
    highWaterMark: group.highWaterMark,
    manualStart: ended || paused || error !== undefined,
  });
  const impl = socket as unknown as SocketImpl;
  impl[kProxy] = ends?.proxyInfo;
  giveUnread(socket, { chunks: given, encoding: null, decoder: null, rest: Buffer.alloc(0) });
  if ((state & UNREF) !== 0) socket.unref();
  if (error !== undefined) socket.destroy(error);
  else if (ended) impl[kOnReadStatus](UV_EOF);
  return socket;
}

Connection.prototype.toSocket = function toSocket(unread) {
  return becomeSocket(this, unread);
};
