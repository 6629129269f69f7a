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
 * The objects that programs use. Their types refer to each other, so they share this file: a socket
 * can become a connection of a handler table, and a received descriptor can become a server.
 */

/** A TCP or pipe connection: a `stream.Duplex` with the interface of `net.Socket`. */
export interface Socket extends nodeNet.Socket, OptionMethods, DescriptorMethods, PeekMethods {
  /**
   * Connects, as {@link connect} does.
   *
   * @param listener - added as a listener of 'connect'
   * @throws for options of a wrong type, as in `node:net`; every other failure emits 'error'
   */
  connect(options: ConnectOptions, listener?: () => void): this;
  connect(port: number, host: string, listener?: () => void): this;
  connect(port: number, listener?: () => void): this;
  connect(path: string, listener?: () => void): this;

  /** The contents of the PROXY header of this connection; undefined if it had none. */
  readonly proxyInfo: ProxyInfo | undefined;

  /**
   * Transfers the connection to a new socket of `node:net`, for code that accepts no other:
   * `tls.connect({ socket })`, `child.send(message, socket)`, the 'connection' event of an HTTP
   * server.
   *
   * The new socket gets the bytes that were read but not consumed, the encoding, the pause and the
   * idle timeout, but not the listeners. Data that waits to be sent leaves first. This socket emits
   * 'close', and the connection stays open. With the option `shell`, this socket stays in use
   * instead.
   *
   * @throws ERR_SOCKET_CLOSED; ERR_INVALID_STATE if the socket is not connected yet or was
   *   transferred before; ERR_FEATURE_UNAVAILABLE_ON_PLATFORM on Windows, where sockets cannot be
   *   transferred
   */
  toNode(options?: ToNodeOptions): nodeNet.Socket;

  /**
   * Transfers the connection to a handler table (see docs/LEAN.md), with the bytes that were read
   * but not consumed. This socket emits 'close', and the connection stays open.
   *
   * @throws ERR_SOCKET_CLOSED; ERR_INVALID_STATE before it is connected, and while data waits to be
   *   sent
   */
  toLean<Data = unknown>(handlers: Handlers<Data>, options?: ConnectionOptions): Connection<Data>;

  /**
   * The file descriptor. It is undefined without a connection and on Windows. `child_process.spawn`
   * reads it for `stdio: [socket]`.
   */
  readonly fd: number | undefined;

  /**
   * Offers the connection to another thread of the process. The returned token is plain data for
   * `postMessage`. In the other thread, {@link SocketConstructor.attach} takes the connection, with
   * the bytes that were read but not consumed. This socket emits 'close', and the connection stays
   * open. If no thread takes it in time, or if this thread ends first, the connection is closed.
   *
   * @throws as `toNode()`, and ERR_INVALID_STATE while data waits to be sent
   */
  detach(options?: DetachOptions): SocketToken;

  // The event methods, typed for the events that uvnet adds to those of node:net. They are here and
  // in Server, because an interface for both cannot replace inherited methods (TS2320), and properties
  // of one generic type would not let a sub-class override them (TS2425).
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
  /**
   * The option of the same name; see {@link ServerOptions}. `undefined` or `null` removes the
   * limit.
   */
  blockList: nodeNet.BlockList | undefined;
  maxConnectionsPerAddress: number | AddressLimit | null | undefined;
  acceptRate: AcceptRate | null | undefined;
  /** The option of the same name. It cannot be changed. */
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
   * How many milliseconds an accepted connection may take to send its first byte; 0 (the default)
   * means no limit. When the time is over, 'connectionAttemptTimeout' is emitted with the socket.
   * If that event has no listener, the connection is destroyed. A new value applies to connections
   * accepted later.
   */
  connectionAttemptTimeout: number;
  /**
   * Returns the numbers of connections accepted and dropped so far, and of bytes read and written.
   */
  stats(): ServerStats;

  close(callback?: (error?: Error) => void): this;
  /**
   * Stops accepting, and ends each connection that is or becomes idle. When the grace period is
   * over, it destroys the remaining connections. 'close' is emitted after the last connection has
   * closed.
   */
  close(options: CloseOptions, callback?: (error?: Error) => void): this;
  /** Destroys all connections. The server goes on listening. */
  closeAllConnections(): void;
  /**
   * Ends the connections that have moved no byte for `idleTimeout` milliseconds (default: 1000).
   * Each sends its waiting data first. The server goes on listening.
   *
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  closeIdleConnections(idleTimeout?: number): void;

  /**
   * Offers the listening socket to another thread of the process, which takes it with {@link
   * ServerConstructor.attach}. This server closes. Its connections stay open. Connections that
   * still wait in the kernel's queue go to the other thread.
   *
   * @throws ERR_SERVER_NOT_RUNNING, ERR_FEATURE_UNAVAILABLE_ON_PLATFORM (Windows)
   */
  detach(options?: DetachOptions): ServerToken;

  // The event methods, as in Socket.
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
 * A descriptor that arrived over a Unix socket: the argument of the event 'descriptor'. To keep the
 * descriptor, a listener calls `take`, `toSocket` or `toServer` during the event. Otherwise uvnet
 * closes it after the event, so no descriptor leaks.
 */
export interface ReceivedDescriptor {
  /** The kind of file, as libuv detects it. */
  readonly type: 'TCP' | 'PIPE' | 'UDP' | 'FILE' | 'TTY' | 'UNKNOWN';
  /** Whether it is a listening socket. */
  readonly listening: boolean;

  /** The descriptor, or -1 once it was taken or closed. */
  readonly fd: number;

  /**
   * Returns the descriptor itself. The caller must close it.
   *
   * @throws ERR_INVALID_STATE if it was taken, or closed at the end of the event
   */
  take(): number;

  /**
   * Makes a Socket that uses the descriptor.
   *
   * @param options - as for `new Socket()`
   * @throws ERR_INVALID_FD_TYPE if it is not a connection; the error of an option that is refused
   */
  toSocket(options?: SocketOptions): Socket;

  /**
   * Makes a Server that listens on the descriptor. 'listening' is emitted afterwards.
   *
   * @param options - as for `createServer()`
   * @throws ERR_INVALID_FD_TYPE if it does not listen
   */
  toServer(options?: ServerOptions, connectionListener?: (socket: Socket) => void): Server;

  /** Closes it now. Does nothing if it was taken. */
  close(): void;
}

/** One end of a connection. */
export interface Endpoint {
  /** The IP address. */
  address?: string;
  /** `'IPv4'` or `'IPv6'`. */
  family?: string;
  /** The port. */
  port?: number;
}

/**
 * A connection of a handler table.
 *
 * @typeParam Data - what the program keeps in `data`
 */
export interface Connection<Data = unknown> {
  /** Free for use by the program. */
  data: Data;
  /** False after the connection was closed or transferred. */
  readonly isOpen: boolean;
  /** How many bytes wait to be sent, without those written in this turn of the event loop. */
  readonly writableLength: number;

  /**
   * Sends a text or bytes. It accepts all of the data; the part that the kernel refuses waits. More
   * than 8 KiB are not copied: do not change these bytes until they are sent.
   *
   * @returns false if more bytes wait than the high-water mark allows; `drain` is called later. It
   *   also returns false, and drops the data, if the connection is closed
   * @throws ERR_STREAM_WRITE_AFTER_END after `end()`; ERR_INVALID_ARG_TYPE
   */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean;
  /** Does the same as `write` for several pieces, in one system call. */
  writev(chunks: readonly (string | Uint8Array)[]): boolean;

  /**
   * Sends as many bytes as the kernel takes at once, and keeps none of the rest.
   *
   * @returns how many bytes the kernel took. It is 0 if other data waits, or if the connection is
   *   closed
   */
  tryWrite(data: Uint8Array): number;
  /** Ends the connection after all written data was sent. It closes when its peer has ended too. */
  end(data?: string | Uint8Array, encoding?: BufferEncoding): void;
  /**
   * Closes the connection now. The kernel still gets as much data of this turn as it takes at once.
   */
  destroy(error?: Error): void;
  /** Closes the connection now, with a TCP reset. */
  resetAndDestroy(): void;

  /**
   * Holds back all further writes, over any number of turns, until `uncork()` was called as often
   * as `cork()`, or until the connection is ended. Writes of one turn leave together without it.
   */
  cork(): void;
  /** Sends the data that was held back, in one system call. */
  uncork(): void;
  /** Stops reading. */
  pause(): void;
  /** Reads again after `pause()`. With `pauseOnConnect`, it starts to read. */
  resume(): void;
  /** Whether reading is stopped, by `pause()` or by `pauseOnConnect`. */
  isPaused(): boolean;

  /**
   * Sets the idle timeout. When no byte has moved for this many milliseconds, the handler `timeout`
   * is called once. Bytes that move afterwards start the timeout again. 0 turns it off. It adds no
   * cost to reading and writing.
   */
  setTimeout(milliseconds: number): void;
  /** Makes the connection keep the process alive, which is the default. */
  ref(): void;
  /** Lets the process end while the connection is open. */
  unref(): void;
  /** How many bytes were read. It stays valid after the connection is closed. */
  readonly bytesRead: number;
  /** How many bytes were written, without those of this turn that have not left yet. */
  readonly bytesWritten: number;
  /** Milliseconds since the last byte moved. */
  readonly idleTime: number;
  /** The IP address of the peer; see `remote`. */
  readonly remoteAddress: string | undefined;
  /** The port of the peer; see `remote`. */
  readonly remotePort: number | undefined;
  /** `'IPv4'` or `'IPv6'`; see `remote`. */
  readonly remoteFamily: string | undefined;
  /** The local IP address; see `local`. */
  readonly localAddress: string | undefined;
  /** The local port; see `local`. */
  readonly localPort: number | undefined;
  /** `'IPv4'` or `'IPv6'`; see `local`. */
  readonly localFamily: string | undefined;
  /**
   * The address of the peer. It stays available after the connection is closed. It is empty for
   * Unix sockets.
   */
  readonly remote: Endpoint;

  /**
   * The local address. It is empty for Unix sockets. After the connection is closed, it is
   * available only if the program has read it before, or if it comes from a PROXY header.
   */
  readonly local: Endpoint;
  /** The contents of the PROXY header of this connection; undefined if it had none. */
  readonly proxyInfo: ProxyInfo | undefined;

  /**
   * Transfers the connection to a new `Socket`, for TLS and other code that needs a stream. No
   * handler is called any more, not even `close`. With `framing`, the socket gets all bytes after
   * the last message that was given to a handler, including headers, delimiters, incomplete
   * messages, and messages that violate the framing.
   *
   * @param unread - bytes that a handler got and leaves to the socket; the socket reads them first
   * @throws ERR_SOCKET_CLOSED; ERR_INVALID_STATE after `end()`
   */
  toSocket(unread?: Buffer): Socket;

  /**
   * Closes the connection as `destroy()` does. The promise is fulfilled when the connection is
   * closed, and `close` was called or is about to be called. If the connection was already closed
   * or transferred, the promise is fulfilled at once.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The handlers of a connection. Each is optional, and is called without a `this`. An exception in a
 * handler causes an 'uncaughtException'; the other handlers are still called.
 */
export interface Handlers<Data = unknown> {
  /** The connection is established. */
  open?: (connection: Connection<Data>) => void;
  /** Bytes have come in or, with `framing`, one message. */
  data?: (connection: Connection<Data>, bytes: Buffer) => void;
  /** All waiting data was sent, after `write` returned false. */
  drain?: (connection: Connection<Data>) => void;
  /** All data is sent, and this side has ended, after `end()`. */
  finish?: (connection: Connection<Data>) => void;
  /**
   * The peer has ended its side. Unless `allowHalfOpen` is set, the connection ends after this
   * call.
   */
  end?: (connection: Connection<Data>) => void;
  /** The connection is closed. `error` gives the reason if it did not end normally. */
  close?: (connection: Connection<Data>, error: NodeJS.ErrnoException | undefined) => void;
  /** No byte has moved for the time set by `setTimeout`. */
  timeout?: (connection: Connection<Data>) => void;
}

/** Handlers of a listener. */
export interface ServerHandlers<Data = unknown> extends Handlers<Data> {
  /** A connection was refused by one of the options that limit a server. */
  drop?: (drop: DropData) => void;
  /** A connection could not be accepted, because descriptors or memory ran out. */
  acceptError?: (error: SystemError) => void;
}
