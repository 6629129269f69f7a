import type * as nodeNet from 'node:net';
import type { SystemError } from '../internal/base/system-errors';
import type { DropData } from '../internal/listen/accept';
import type { ProxyMode, ServerStats } from '../internal/listen/accept-policy';
import type { AcceptRate, AddressLimit } from '../internal/listen/limits';
import type { ListenOptions, ServerOptions } from '../internal/listen/server-options';
import type { CloseOptions } from '../internal/listen/server-impl';
import type { OptionMethods, ServerOptionMethods } from '../internal/options/option-methods';
import type { ProxyInfo } from '../internal/proxy/proxy-info';
import type { SocketOptions } from '../internal/socket/constructor-options';
import type { SocketToken, ToNodeOptions } from '../internal/transfer/socket-transfer';
import type { DescriptorMethods } from '../internal/transfer/send-descriptor';
import type { DetachOptions } from '../internal/transfer/token';
import type { PeekMethods } from '../internal/transfer/peek';
import type { ConnectionOptions } from './connection-options';
import type { AnyListener, Listener, ServerEvents, SocketEvents } from './events';
import type { ConnectOptions, ServerToken } from './options';

/**
 * The objects that programs have to do with. They name each other: a socket becomes a connection of a
 * handler table and that a socket, a descriptor that arrives on a socket becomes a server.
 */

/** A TCP or pipe connection: a `stream.Duplex` with the interface of `net.Socket`. */
export interface Socket extends nodeNet.Socket, OptionMethods, DescriptorMethods, PeekMethods {
  /**
   * Connects, as {@link connect} does; the listener is added for 'connect'.
   *
   * @throws for options of a wrong type, as `node:net` does; 'error' reports every other failure
   */
  connect(options: ConnectOptions, listener?: () => void): this;
  connect(port: number, host: string, listener?: () => void): this;
  connect(port: number, listener?: () => void): this;
  connect(path: string, listener?: () => void): this;

  /** What a PROXY header said about this connection; undefined if it had none. */
  readonly proxyInfo: ProxyInfo | undefined;

  /**
   * Hands the connection over to a new socket of `node:net`, for code that takes no other:
   * `tls.connect({ socket })`, `child.send(message, socket)`, an HTTP server's 'connection' event.
   *
   * What was read and not consumed, the encoding, the pause and the idle timeout go along;
   * listeners do not. Data that is still to be sent leaves first. This socket emits 'close' without
   * having ended the connection, unless it stays as a `shell`.
   *
   * @throws ERR_SOCKET_CLOSED, ERR_INVALID_STATE (not connected yet, or handed over already),
   *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM (Windows, whose sockets cannot change hands)
   */
  toNode(options?: ToNodeOptions): nodeNet.Socket;

  /**
   * Goes on with the connection as one of a handler table (see docs/LEAN.md), with what was read and
   * not consumed. This socket emits 'close' without having ended the connection.
   *
   * @throws ERR_SOCKET_CLOSED; ERR_INVALID_STATE before it is connected, and while data waits to be
   *   sent
   */
  toLean<Data = unknown>(handlers: Handlers<Data>, options?: ConnectionOptions): Connection<Data>;

  /**
   * The descriptor; undefined without a connection and on Windows. It is what `child_process.spawn`
   * looks for in `stdio: [socket]`.
   */
  readonly fd: number | undefined;

  /**
   * Offers the connection to another thread of the process. The token is plain data for
   * `postMessage`; {@link SocketConstructor.attach} takes the connection up there, with all that
   * was read and not consumed. This socket emits 'close' without having ended the connection, which
   * is closed if nobody takes it in time or this thread ends before.
   *
   * @throws as `toNode()`, and ERR_INVALID_STATE while data waits to be sent
   */
  detach(options?: DetachOptions): SocketToken;

  // The events, of which uvnet has more than node:net.
  addListener<N extends keyof SocketEventMap>(name: N, listener: Listener<SocketEventMap[N]>): this;
  addListener(name: string | symbol, listener: AnyListener): this;
  emit<N extends keyof SocketEventMap>(name: N, ...args: SocketEventMap[N]): boolean;
  emit(name: string | symbol, ...args: Parameters<AnyListener>): boolean;
  listenerCount<N extends keyof SocketEventMap>(
    name: N,
    listener?: Listener<SocketEventMap[N]>,
  ): number;
  listenerCount(name: string | symbol, listener?: AnyListener): number;
  listeners<N extends keyof SocketEventMap>(name: N): Listener<SocketEventMap[N]>[];
  listeners(name: string | symbol): AnyListener[];
  off<N extends keyof SocketEventMap>(name: N, listener: Listener<SocketEventMap[N]>): this;
  off(name: string | symbol, listener: AnyListener): this;
  on<N extends keyof SocketEventMap>(name: N, listener: Listener<SocketEventMap[N]>): this;
  on(name: string | symbol, listener: AnyListener): this;
  once<N extends keyof SocketEventMap>(name: N, listener: Listener<SocketEventMap[N]>): this;
  once(name: string | symbol, listener: AnyListener): this;
  prependListener<N extends keyof SocketEventMap>(
    name: N,
    listener: Listener<SocketEventMap[N]>,
  ): this;
  prependListener(name: string | symbol, listener: AnyListener): this;
  prependOnceListener<N extends keyof SocketEventMap>(
    name: N,
    listener: Listener<SocketEventMap[N]>,
  ): this;
  prependOnceListener(name: string | symbol, listener: AnyListener): this;
  rawListeners<N extends keyof SocketEventMap>(name: N): Listener<SocketEventMap[N]>[];
  rawListeners(name: string | symbol): AnyListener[];
  removeListener<N extends keyof SocketEventMap>(
    name: N,
    listener: Listener<SocketEventMap[N]>,
  ): this;
  removeListener(name: string | symbol, listener: AnyListener): this;
}

/** Events of a {@link Socket}. */
export type SocketEventMap = SocketEvents<ReceivedDescriptor>;

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

  // The events, of which uvnet has more than node:net.
  addListener<N extends keyof ServerEventMap>(name: N, listener: Listener<ServerEventMap[N]>): this;
  addListener(name: string | symbol, listener: AnyListener): this;
  emit<N extends keyof ServerEventMap>(name: N, ...args: ServerEventMap[N]): boolean;
  emit(name: string | symbol, ...args: Parameters<AnyListener>): boolean;
  listenerCount<N extends keyof ServerEventMap>(
    name: N,
    listener?: Listener<ServerEventMap[N]>,
  ): number;
  listenerCount(name: string | symbol, listener?: AnyListener): number;
  listeners<N extends keyof ServerEventMap>(name: N): Listener<ServerEventMap[N]>[];
  listeners(name: string | symbol): AnyListener[];
  off<N extends keyof ServerEventMap>(name: N, listener: Listener<ServerEventMap[N]>): this;
  off(name: string | symbol, listener: AnyListener): this;
  on<N extends keyof ServerEventMap>(name: N, listener: Listener<ServerEventMap[N]>): this;
  on(name: string | symbol, listener: AnyListener): this;
  once<N extends keyof ServerEventMap>(name: N, listener: Listener<ServerEventMap[N]>): this;
  once(name: string | symbol, listener: AnyListener): this;
  prependListener<N extends keyof ServerEventMap>(
    name: N,
    listener: Listener<ServerEventMap[N]>,
  ): this;
  prependListener(name: string | symbol, listener: AnyListener): this;
  prependOnceListener<N extends keyof ServerEventMap>(
    name: N,
    listener: Listener<ServerEventMap[N]>,
  ): this;
  prependOnceListener(name: string | symbol, listener: AnyListener): this;
  rawListeners<N extends keyof ServerEventMap>(name: N): Listener<ServerEventMap[N]>[];
  rawListeners(name: string | symbol): AnyListener[];
  removeListener<N extends keyof ServerEventMap>(
    name: N,
    listener: Listener<ServerEventMap[N]>,
  ): this;
  removeListener(name: string | symbol, listener: AnyListener): this;
}

/** Events of a {@link Server}. */
export type ServerEventMap = ServerEvents<Socket>;

/**
 * A descriptor that arrived over a unix socket, as the argument of its 'descriptor' event. A listener
 * that wants it takes it before the event is over, with one of `take`, `toSocket` and `toServer`;
 * otherwise it is closed then, so that none is ever left behind.
 */
export interface ReceivedDescriptor {
  /** What libuv finds behind it. */
  readonly type: 'TCP' | 'PIPE' | 'UDP' | 'FILE' | 'TTY' | 'UNKNOWN';
  /** Whether it is a socket that listens. */
  readonly listening: boolean;

  /** The descriptor while nobody has taken it; then -1. */
  readonly fd: number;

  /**
   * The descriptor itself, which the caller then has to close.
   *
   * @throws ERR_INVALID_STATE when it was taken, or closed at the end of the event
   */
  take(): number;

  /**
   * A Socket on it.
   *
   * @param options - as of `new Socket()`
   * @throws ERR_INVALID_FD_TYPE if it is not a connection; the error of an option that is refused
   */
  toSocket(options?: SocketOptions): Socket;

  /**
   * A Server that listens on it; 'listening' follows.
   *
   * @param options - as of `createServer()`
   * @throws ERR_INVALID_FD_TYPE if it does not listen
   */
  toServer(options?: ServerOptions, connectionListener?: (socket: Socket) => void): Server;

  /** Closes it now. Does nothing if it was taken. */
  close(): void;
}

/** One end of a connection. */
export interface Endpoint {
  address?: string;
  family?: string;
  port?: number;
}

/**
 * A connection of a handler table.
 *
 * @typeParam Data - what the program keeps in `data`
 */
export interface Connection<Data = unknown> {
  /** The program's own. */
  data: Data;
  /** False once the connection is closed or given away. */
  readonly isOpen: boolean;
  /** Bytes that `write` took and the kernel did not take yet, leaving out those of this turn. */
  readonly writableLength: number;

  /**
   * Sends a text or bytes. All is taken: what the kernel refuses waits. Bytes above 8 KiB are not
   * copied, and must not be changed until they are sent.
   *
   * @returns false if more waits than the high-water mark; `drain` follows then. Also if the
   *   connection is closed, and the data is dropped
   * @throws ERR_STREAM_WRITE_AFTER_END after `end()`; ERR_INVALID_ARG_TYPE
   */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean;
  /** Sends several pieces in one system call; as `write` otherwise. */
  writev(chunks: readonly (string | Uint8Array)[]): boolean;

  /**
   * Sends what the kernel takes at once, and keeps nothing.
   *
   * @returns how many bytes that was: 0 also if others wait, or the connection is closed
   */
  tryWrite(data: Uint8Array): number;
  /** Ends the connection, behind what was written. It is closed when its peer has ended too. */
  end(data?: string | Uint8Array, encoding?: BufferEncoding): void;
  /** Closes the connection now, after what the kernel takes of the data of this turn. */
  destroy(error?: Error): void;
  /** Closes the connection now, with a TCP reset. */
  resetAndDestroy(): void;

  /**
   * Holds what is written from now on back, over any number of turns, until `uncork()` was called as
   * often or the connection is ended. Within one turn writes leave together without it.
   */
  cork(): void;
  /** Sends, in one system call, what was held back. */
  uncork(): void;
  /** Takes nothing more off the connection. */
  pause(): void;
  /** Goes on after `pause()`, or begins if `pauseOnConnect` is set. */
  resume(): void;
  /** Whether nothing is read, after `pause()` or `pauseOnConnect`. */
  isPaused(): boolean;

  /**
   * Has `timeout` called when no byte has moved for so many milliseconds, once; bytes that move
   * afterwards start it again. 0 for never. Bytes that move cost nothing for it.
   */
  setTimeout(milliseconds: number): void;
  /** Lets the connection keep the process alive, as it does from the start. */
  ref(): void;
  /** Lets the process end while the connection is open. */
  unref(): void;
  readonly bytesRead: number;
  /** Without what was written in this turn and did not leave yet. */
  readonly bytesWritten: number;
  /** Milliseconds since a byte moved. */
  readonly idleTime: number;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly localFamily: string | undefined;
  /** The peer's end, also after the connection is closed; without names for unix sockets. */
  readonly remote: Endpoint;

  /**
   * This end; without names for unix sockets. After the connection is closed it is there only if it
   * was asked for before, or if a PROXY header has named it.
   */
  readonly local: Endpoint;
  /** What a PROXY header said about this connection; undefined if it had none. */
  readonly proxyInfo: ProxyInfo | undefined;

  /**
   * Goes on with the connection as a `Socket`, for TLS and whatever else wants a stream. Handlers are
   * not called any more, `close` included. With `framing` the socket gets all that is behind the last
   * message that a handler was given, with headers and delimiters: an incomplete message, too, and one
   * that breaks the rules.
   *
   * @param unread - bytes that a handler was given and leaves to the socket, which has them first
   * @throws ERR_SOCKET_CLOSED; ERR_INVALID_STATE after `end()`
   */
  toSocket(unread?: Buffer): Socket;

  /**
   * Closes the connection as `destroy()` does. Fulfilled when it is closed, and `close` was called or is
   * about to be; at once if it is closed already, or was given away.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * What is called when something happens to a connection. Each of them may be left out, and is called
 * without a `this`. One that throws causes an 'uncaughtException'; the others are called all the same.
 */
export interface Handlers<Data = unknown> {
  /** A connection is there. */
  open?: (connection: Connection<Data>) => void;
  /** Bytes have come in or, with `framing`, one message. */
  data?: (connection: Connection<Data>, bytes: Buffer) => void;
  /** All that waited was sent, after `write` had returned false. */
  drain?: (connection: Connection<Data>) => void;
  /** The peer has ended. Unless `allowHalfOpen` is set, the connection is ended after this. */
  end?: (connection: Connection<Data>) => void;
  /** The connection is closed; `error` says why if it was not ended in an orderly manner. */
  close?: (connection: Connection<Data>, error: NodeJS.ErrnoException | undefined) => void;
  /** No byte has moved for the time that `setTimeout` was given. */
  timeout?: (connection: Connection<Data>) => void;
}

/** Handlers of a listener. */
export interface ServerHandlers<Data = unknown> extends Handlers<Data> {
  /** A connection was not let in; see the options that limit a server. */
  drop?: (drop: DropData) => void;
  /** A connection could not be accepted, for want of descriptors or memory. */
  acceptError?: (error: SystemError) => void;
}
