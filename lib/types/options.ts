import type { DialOptions } from '../internal/connect/dial';
import type { ServerOptions } from '../internal/listen/server-options';
import type { SocketOptions } from '../internal/socket/constructor-options';
import type { PackedList } from '../internal/transfer/block-lists';
import type { Token } from '../internal/transfer/token';

/** Options and results of methods of sockets and servers. */

/** Options of a connect to an address; see docs/CONNECTING.md. */
export interface TcpConnectOptions extends SocketOptions, Omit<DialOptions, keyof SocketOptions> {}

/** Options of a connect to a Unix domain socket or named pipe. */
export interface IpcConnectOptions extends SocketOptions {
  /** Path of the socket. */
  path: string;
  /** Milliseconds without a byte after which 'timeout' is emitted. Default: no limit. */
  timeout?: number | undefined;
}

/** Options of {@link connect} and `socket.connect()`. */
export type ConnectOptions = TcpConnectOptions | IpcConnectOptions;

/** Options of `socket.setKeepAlive()`. */
export interface SetKeepAliveOptions {
  /** Default: false. */
  enable?: boolean | undefined;
  /**
   * Milliseconds without a byte until the first probe. Default: 0, which leaves the present value.
   */
  initialDelay?: number | undefined;
  /** Milliseconds between probes. */
  interval?: number | undefined;
  /** How many unanswered probes end the connection. */
  count?: number | undefined;
}

/**
 * The result of a server's `detach()`: plain data for `postMessage`. Its properties are internal.
 */
export interface ServerToken extends Token<'server'> {
  readonly settings: ServerOptions;
  readonly blockList: PackedList;
  readonly trustedProxies: PackedList;
  readonly path: string | undefined;
  readonly maxConnections: number | null | undefined;
  readonly ref: boolean;
}
