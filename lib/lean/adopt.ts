import { binding } from '../internal/native/binding';
import { errnoByName } from '../internal/native/errno';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_STATE,
  ERR_SOCKET_CLOSED,
  errnoException,
} from '../internal/base/errors';
import type { Handle } from '../internal/native/handle';
import { flushGathered, Pipe, TCP } from '../internal/native/handle';
import type { SocketImpl } from '../internal/socket/socket-state';
import { kHandle, kOnReadStatus, kProxy } from '../internal/base/symbols';
import { giveUnread, isBusy, isShutDown, takeUnread } from '../internal/transfer/takeover';
import { validateObject } from '../internal/base/validators';
import { Socket } from '../socket';
import { Connection, ENDED, FINISHED, givenNames, GONE, HOLDING, SHUT, UNREF } from './connection';
import { takeComing } from './deliver';
import { framingOf, wireBytes } from './framing';
import { Group, type ConnectionOptions } from './group';
import { tableOf, type Handlers } from './handlers';
import { holdEnd, holdUnread, takeHeld } from './held';

/** Connections that change between sockets and handler tables. */

const UV_EOF = errnoByName('EOF');

/**
 * Makes a handle's connection one of the group. It does not read yet.
 *
 * @param announce - whether `open` is to be called
 */
export function adopt(handle: Handle, group: Group, announce: boolean): Connection {
  const id = handle.release();
  const status = binding.leanTake(id, group.number, announce);
  if (status !== 0) throw errnoException(status, 'open');
  return new Connection(id, group);
}

/** Makes a socket's connection one of the group; the socket emits 'close' without having ended it. */
export function adoptSocket(from: Socket, group: Group, announce = true): Connection {
  const socket = from as unknown as SocketImpl;
  const handle = socket[kHandle];
  if (socket.connecting) {
    throw new ERR_INVALID_STATE("socket.toLean() needs a connection; wait for 'connect'");
  }
  if (handle === null || socket.destroyed) throw new ERR_SOCKET_CLOSED();
  if (!(handle instanceof TCP || handle instanceof Pipe)) {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('socket.toLean() of a foreign handle');
  }
  if (handle.relay !== null) throw new ERR_INVALID_STATE('the socket is being relayed');
  flushGathered();
  if (isBusy(socket, handle.writeQueueSize)) {
    throw new ERR_INVALID_STATE(
      'socket.toLean() would lose data that was not sent yet; wait for the callback of write()',
    );
  }
  const ended = socket._readableState.ended;
  const shut = isShutDown(socket);
  const refed = handle.hasRef();
  handle.readStop();
  const names = { remote: socket._getpeername(), local: socket._getsockname() };
  const unread = takeUnread(socket);
  const connection = adopt(handle, group, announce);
  if (socket[kProxy] !== undefined) givenNames.set(connection, names);
  // It has nothing to close any more; a server that counts it is told.
  socket[kHandle] = null;
  socket.destroy();

  if (shut) connection.state |= FINISHED | SHUT;
  if (!refed) connection.unref();
  for (const chunk of unread.chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, unread.encoding!) : chunk;
    holdUnread(connection, bytes);
  }
  if (ended) holdEnd(connection);
  if ((connection.state & HOLDING) !== 0) binding.leanHold(connection.id);
  if (!ended) connection.resume();
  return connection;
}

/** See {@link Socket.toLean} in socket.ts. */
export function toLean<Data>(
  socket: Socket,
  handlers: Handlers<Data>,
  options: ConnectionOptions = {},
): Connection<Data> {
  validateObject(options, 'options');
  const group = new Group(tableOf(handlers), undefined, options, framingOf(options.framing));
  try {
    return adoptSocket(socket, group, false) as Connection<Data>;
  } finally {
    group.finish();
  }
}

/** See {@link Connection.upgradeToStream}. */
export function toStream(connection: Connection, unread: Buffer | undefined): Socket {
  const { group, id, state } = connection;
  if ((state & GONE) !== 0) throw new ERR_SOCKET_CLOSED();
  if ((state & FINISHED) !== 0) throw new ERR_INVALID_STATE('upgradeToStream() comes after end()');
  const held = takeHeld(connection);
  const coming = takeComing(connection);
  const ended = (state & ENDED) !== 0 || held.ended || coming.ended;
  const paused = connection.isPaused;
  const chunks = [...held.chunks, ...coming.chunks].flatMap((chunk) =>
    wireBytes(chunk, group.framing),
  );
  // A message that breaks the rules of the framing is nothing but bytes for a socket.
  if (group.framed) chunks.push(binding.leanUncut(id)!);
  if (unread !== undefined) chunks.unshift(Buffer.from(unread));
  const given = chunks.filter(({ length }) => length > 0);
  connection.leave();
  binding.readStop(id);
  group.left();

  const tcp = typeof binding.tcpSockName(id) === 'string';
  binding.leanGiveUp(id, tcp ? 'TCPWRAP' : 'PIPEWRAP');
  const handle = tcp ? new TCP(id) : new Pipe(id);
  const socket = new Socket({
    handle,
    allowHalfOpen: group.allowHalfOpen,
    highWaterMark: group.highWaterMark,
    manualStart: ended || paused,
  });
  const impl = socket as unknown as SocketImpl;
  giveUnread(socket, { chunks: given, encoding: null, decoder: null });
  if ((state & UNREF) !== 0) socket.unref();
  if (ended) impl[kOnReadStatus](UV_EOF);
  return socket;
}
