import type * as nodeNet from 'node:net';
import type { ServerOptions } from '../internal/listen/server-options';
import type { SocketOptions } from '../internal/socket/constructor-options';
import type { SocketToken } from '../internal/transfer/socket-transfer';
import type { Server, Socket } from './interfaces';
import type { ServerToken } from './options';

/** The classes of sockets and servers. */

/** `Socket`, callable with and without `new`, and open to sub-classes. */
export interface SocketConstructor extends Omit<typeof nodeNet.Socket, 'prototype'> {
  new (options?: SocketOptions): Socket;
  (options?: SocketOptions): Socket;
  readonly prototype: Socket;

  /**
   * Takes a connection over from a socket of `node:net`; the reverse of {@link Socket.toNode}.
   * That socket emits 'close' without having ended the connection.
   *
   * @throws as `toNode()`
   */
  fromNode(socket: nodeNet.Socket): Socket;

  /**
   * Takes up what `socket.detach()` offered in this or another thread.
   *
   * @throws an error with code ENOENT if it was taken already, is over its time, or the thread
   *   that offered it has ended
   */
  attach(token: SocketToken): Socket;
}

/** Listener of 'connection'. */
export type ConnectionListener = (socket: Socket) => void;

/** `Server`, callable with and without `new`, and open to sub-classes. */
export interface ServerConstructor extends Omit<typeof nodeNet.Server, 'prototype'> {
  new (options?: ServerOptions, connectionListener?: ConnectionListener): Server;
  new (connectionListener?: ConnectionListener): Server;
  (options?: ServerOptions, connectionListener?: ConnectionListener): Server;
  (connectionListener?: ConnectionListener): Server;
  readonly prototype: Server;

  /**
   * Takes up what `server.detach()` offered in this or another thread, and listens: 'listening'
   * follows. The options of the server that was detached hold if none are given here; its
   * block lists are shared with it.
   *
   * @throws an error with code ENOENT if it was taken already, is over its time, or the thread
   *   that offered it has ended; ERR_INVALID_ARG_VALUE if one of its block lists is gone
   */
  attach(token: ServerToken, connectionListener?: ConnectionListener): Server;
  attach(
    token: ServerToken,
    options?: ServerOptions,
    connectionListener?: ConnectionListener,
  ): Server;
}
