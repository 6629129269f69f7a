import type * as nodeNet from 'node:net';
import type { DialOptions } from '../internal/connect/dial';
import type { ProxyInfo } from '../internal/proxy/proxy-info';
import type { OptionMethods } from '../internal/options/option-methods';
import type { SocketToken, ToNodeOptions } from '../internal/transfer/bridge';
import type { DescriptorMethods } from '../internal/transfer/send-descriptor';
import type { DetachOptions } from '../internal/transfer/handover';
import type { PeekMethods } from '../internal/transfer/peek';
import type { Connection } from '../lean/connection';
import type { ConnectionOptions } from '../lean/group';
import type { Handlers } from '../lean/handlers';
import type { SocketOptions } from '../internal/socket/constructor-options';
import type { SocketEventMap } from './events';

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

  /** What a PROXY header said about this connection; undefined where it had none. */
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
   * is closed where nobody takes it in time or this thread ends before.
   *
   * @throws as `toNode()`, and ERR_INVALID_STATE while data waits to be sent
   */
  detach(options?: DetachOptions): SocketToken;

  /* eslint-disable @typescript-eslint/no-explicit-any -- as in node:net: any listener will do */
  // The events, of which uvnet has more than node:net.
  addListener<Name extends keyof SocketEventMap>(
    name: Name,
    listener: (...args: SocketEventMap[Name]) => void,
  ): this;
  addListener(name: string | symbol, listener: (...args: any[]) => void): this;
  emit<Name extends keyof SocketEventMap>(name: Name, ...args: SocketEventMap[Name]): boolean;
  emit(name: string | symbol, ...args: any[]): boolean;
  listenerCount<Name extends keyof SocketEventMap>(
    name: Name,
    listener?: (...args: SocketEventMap[Name]) => void,
  ): number;
  listenerCount(name: string | symbol, listener?: (...args: any[]) => void): number;
  listeners<Name extends keyof SocketEventMap>(
    name: Name,
  ): ((...args: SocketEventMap[Name]) => void)[];
  listeners(name: string | symbol): ((...args: any[]) => void)[];
  off<Name extends keyof SocketEventMap>(
    name: Name,
    listener: (...args: SocketEventMap[Name]) => void,
  ): this;
  off(name: string | symbol, listener: (...args: any[]) => void): this;
  on<Name extends keyof SocketEventMap>(
    name: Name,
    listener: (...args: SocketEventMap[Name]) => void,
  ): this;
  on(name: string | symbol, listener: (...args: any[]) => void): this;
  once<Name extends keyof SocketEventMap>(
    name: Name,
    listener: (...args: SocketEventMap[Name]) => void,
  ): this;
  once(name: string | symbol, listener: (...args: any[]) => void): this;
  prependListener<Name extends keyof SocketEventMap>(
    name: Name,
    listener: (...args: SocketEventMap[Name]) => void,
  ): this;
  prependListener(name: string | symbol, listener: (...args: any[]) => void): this;
  prependOnceListener<Name extends keyof SocketEventMap>(
    name: Name,
    listener: (...args: SocketEventMap[Name]) => void,
  ): this;
  prependOnceListener(name: string | symbol, listener: (...args: any[]) => void): this;
  rawListeners<Name extends keyof SocketEventMap>(
    name: Name,
  ): ((...args: SocketEventMap[Name]) => void)[];
  rawListeners(name: string | symbol): ((...args: any[]) => void)[];
  removeListener<Name extends keyof SocketEventMap>(
    name: Name,
    listener: (...args: SocketEventMap[Name]) => void,
  ): this;
  removeListener(name: string | symbol, listener: (...args: any[]) => void): this;
  /* eslint-enable @typescript-eslint/no-explicit-any */
}

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
   * @throws an error with code ENOENT where it was taken already, is over its time, or the thread
   *   that offered it has ended
   */
  attach(token: SocketToken): Socket;
}

/** Options of a connect to an address; see docs/CONNECTING.md. */
export interface TcpConnectOptions extends SocketOptions, Omit<DialOptions, keyof SocketOptions> {}

/** Options of a connect to a unix-domain socket or named pipe. */
export interface IpcConnectOptions extends SocketOptions {
  /** Where it is. */
  path: string;
  /** Milliseconds without a byte after which 'timeout' is emitted. Default: none. */
  timeout?: number | undefined;
}

/** Options of {@link connect} and `socket.connect()`. */
export type ConnectOptions = TcpConnectOptions | IpcConnectOptions;

/** Options of `socket.setKeepAlive()`. */
export interface SetKeepAliveOptions {
  /** Default: false. */
  enable?: boolean | undefined;
  /** Milliseconds without a byte until the first probe. Default: 0, what is set already. */
  initialDelay?: number | undefined;
  /** Milliseconds between probes. */
  interval?: number | undefined;
  /** Probes without an answer after which the connection is given up. */
  count?: number | undefined;
}
