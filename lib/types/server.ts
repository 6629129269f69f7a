import type * as nodeNet from 'node:net';
import type { ProxyMode, ServerStats } from '../internal/listen/accept-policy';
import type { CloseOptions } from '../internal/listen/server-state';
import type { AcceptRate, AddressLimit } from '../internal/listen/limits';
import type { ListenOptions, ServerOptions } from '../internal/listen/server-options';
import type { ServerOptionMethods } from '../internal/options/option-methods';
import type { PackedList } from '../internal/transfer/block-lists';
import type { DetachOptions, Token } from '../internal/transfer/handover';
import type { ServerEventMap } from './events';
import type { Socket } from './socket';

/** A TCP or pipe server with the interface of `net.Server`. */
export interface Server extends nodeNet.Server, ServerOptionMethods {
  /** See {@link ServerOptions}; `undefined` or `null` lifts a limit. */
  blockList: nodeNet.BlockList | undefined;
  maxConnectionsPerAddress: number | AddressLimit | null | undefined;
  acceptRate: AcceptRate | null | undefined;
  /** The option; it cannot be changed. */
  readonly limitGroup: string | undefined;
  proxyProtocol: ProxyMode;
  trustedProxies: nodeNet.BlockList | undefined;
  proxyHeaderTimeout: number;
  listen(options: ListenOptions, listener?: () => void): this;
  listen(port?: number, hostname?: string, backlog?: number, listener?: () => void): this;
  listen(port?: number, hostname?: string, listener?: () => void): this;
  listen(port?: number, backlog?: number, listener?: () => void): this;
  listen(port?: number, listener?: () => void): this;
  listen(path: string, backlog?: number, listener?: () => void): this;
  listen(path: string, listener?: () => void): this;
  listen(handle: unknown, backlog?: number, listener?: () => void): this;
  listen(handle: unknown, listener?: () => void): this;

  /**
   * Milliseconds that an accepted connection has for its first byte; 0 (the default) for any time.
   * 'connectionAttemptTimeout' (socket) reports a connection that is late. If nobody listens to that
   * event, the connection is destroyed. A new value holds for connections accepted from then on.
   */
  connectionAttemptTimeout: number;
  /** What the server has let in, dropped, read and written so far. */
  stats(): ServerStats;

  close(callback?: (error?: Error) => void): this;
  /**
   * Stops accepting, ends connections that are idle or become so, and destroys what is left when
   * the grace period is over. 'close' follows the last connection.
   */
  close(options: CloseOptions, callback?: (error?: Error) => void): this;
  /** Destroys all connections. The server goes on listening. */
  closeAllConnections(): void;
  /**
   * Ends the connections that have moved no byte for `idleTimeout` milliseconds (default: 1000), after
   * what they have still to send. The server goes on listening.
   *
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  closeIdleConnections(idleTimeout?: number): void;

  /**
   * Offers the listening socket to another thread of the process, where
   * {@link ServerConstructor.attach} takes it up. This server is closed; its connections stay, and
   * those that the kernel has not handed out yet wait for the other thread.
   *
   * @throws ERR_SERVER_NOT_RUNNING, ERR_FEATURE_UNAVAILABLE_ON_PLATFORM (Windows)
   */
  detach(options?: DetachOptions): ServerToken;

  /* eslint-disable @typescript-eslint/no-explicit-any -- as in node:net: any listener will do */
  // The events, of which uvnet has more than node:net.
  addListener<Name extends keyof ServerEventMap>(
    name: Name,
    listener: (...args: ServerEventMap[Name]) => void,
  ): this;
  addListener(name: string | symbol, listener: (...args: any[]) => void): this;
  emit<Name extends keyof ServerEventMap>(name: Name, ...args: ServerEventMap[Name]): boolean;
  emit(name: string | symbol, ...args: any[]): boolean;
  listenerCount<Name extends keyof ServerEventMap>(
    name: Name,
    listener?: (...args: ServerEventMap[Name]) => void,
  ): number;
  listenerCount(name: string | symbol, listener?: (...args: any[]) => void): number;
  listeners<Name extends keyof ServerEventMap>(
    name: Name,
  ): ((...args: ServerEventMap[Name]) => void)[];
  listeners(name: string | symbol): ((...args: any[]) => void)[];
  off<Name extends keyof ServerEventMap>(
    name: Name,
    listener: (...args: ServerEventMap[Name]) => void,
  ): this;
  off(name: string | symbol, listener: (...args: any[]) => void): this;
  on<Name extends keyof ServerEventMap>(
    name: Name,
    listener: (...args: ServerEventMap[Name]) => void,
  ): this;
  on(name: string | symbol, listener: (...args: any[]) => void): this;
  once<Name extends keyof ServerEventMap>(
    name: Name,
    listener: (...args: ServerEventMap[Name]) => void,
  ): this;
  once(name: string | symbol, listener: (...args: any[]) => void): this;
  prependListener<Name extends keyof ServerEventMap>(
    name: Name,
    listener: (...args: ServerEventMap[Name]) => void,
  ): this;
  prependListener(name: string | symbol, listener: (...args: any[]) => void): this;
  prependOnceListener<Name extends keyof ServerEventMap>(
    name: Name,
    listener: (...args: ServerEventMap[Name]) => void,
  ): this;
  prependOnceListener(name: string | symbol, listener: (...args: any[]) => void): this;
  rawListeners<Name extends keyof ServerEventMap>(
    name: Name,
  ): ((...args: ServerEventMap[Name]) => void)[];
  rawListeners(name: string | symbol): ((...args: any[]) => void)[];
  removeListener<Name extends keyof ServerEventMap>(
    name: Name,
    listener: (...args: ServerEventMap[Name]) => void,
  ): this;
  removeListener(name: string | symbol, listener: (...args: any[]) => void): this;
  /* eslint-enable @typescript-eslint/no-explicit-any */
}

/** What a server's `detach()` gives: plain data, which `postMessage` carries. */
export interface ServerToken extends Token<'server'> {
  readonly settings: ServerOptions;
  readonly blockList: PackedList;
  readonly trustedProxies: PackedList;
  readonly path: string | undefined;
  readonly maxConnections: number | null | undefined;
  readonly ref: boolean;
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
   * follows. The options of the server that was detached hold where none are given here; its
   * block lists are shared with it.
   *
   * @throws an error with code ENOENT where it was taken already, is over its time, or the thread
   *   that offered it has ended; ERR_INVALID_ARG_VALUE where one of its block lists is gone
   */
  attach(token: ServerToken, connectionListener?: ConnectionListener): Server;
  attach(
    token: ServerToken,
    options?: ServerOptions,
    connectionListener?: ConnectionListener,
  ): Server;
}
