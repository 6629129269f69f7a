import type { DialOptions } from '../internal/connect/dial';
import type { ServerOptions } from '../internal/listen/server-options';
import type { SocketOptions } from '../internal/socket/constructor-options';
import type { PackedList } from '../internal/transfer/block-lists';
import type { Token } from '../internal/transfer/token';

/** What methods of sockets and servers take and give. */

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

/** What a server's `detach()` gives: plain data, which `postMessage` carries. */
export interface ServerToken extends Token<'server'> {
  readonly settings: ServerOptions;
  readonly blockList: PackedList;
  readonly trustedProxies: PackedList;
  readonly path: string | undefined;
  readonly maxConnections: number | null | undefined;
  readonly ref: boolean;
}
