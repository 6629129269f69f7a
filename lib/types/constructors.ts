import type * as nodeNet from 'node:net';
import type { ServerOptions } from '../internal/listen/server-options';
import type { SocketOptions } from '../internal/socket/constructor-options';
import type { SocketToken } from '../internal/transfer/socket-transfer';
import type { Server, Socket } from './interfaces';
import type { ServerToken } from './options';

/** The classes of sockets and servers. */

/** The class `Socket`. It can be called with or without `new`, and extended. */
export interface SocketConstructor extends Omit<typeof nodeNet.Socket, 'prototype'> {
  new (options?: SocketOptions): Socket;
  (options?: SocketOptions): Socket;
  readonly prototype: Socket;

  /**
   * Transfers the connection of a socket of `node:net` to a new socket of uvnet. It is the reverse
   * of `socket.toNode()`. The old socket emits 'close', and the connection stays open.
   *
   * @throws as `toNode()`
   */
  fromNode(socket: nodeNet.Socket): Socket;

  /**
   * Takes the connection that `socket.detach()` offered in this or another thread.
   *
   * @throws an error with code ENOENT if the token was already used or has expired, or if the
   *   thread that made it has ended
   */
  attach(token: SocketToken): Socket;
}

/** A listener of 'connection'. */
export type ConnectionListener = (socket: Socket) => void;

/** The class `Server`. It can be called with or without `new`, and extended. */
export interface ServerConstructor extends Omit<typeof nodeNet.Server, 'prototype'> {
  new (options?: ServerOptions, connectionListener?: ConnectionListener): Server;
  new (connectionListener?: ConnectionListener): Server;
  (options?: ServerOptions, connectionListener?: ConnectionListener): Server;
  (connectionListener?: ConnectionListener): Server;
  readonly prototype: Server;

  /**
   * Takes the listening socket that `server.detach()` offered in this or another thread.
   * 'listening' is emitted afterwards. Without options, the new server has those of the detached
   * server. It shares the block lists with that server.
   *
   * @throws an error with code ENOENT if the token was already used or has expired, or if the
   *   thread that made it has ended; ERR_INVALID_ARG_VALUE if one of its block lists no longer
   *   exists
   */
  attach(token: ServerToken, connectionListener?: ConnectionListener): Server;
  attach(
    token: ServerToken,
    options?: ServerOptions,
    connectionListener?: ConnectionListener,
  ): Server;
}
