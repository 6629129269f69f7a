import type { DialOptions } from '../../internal/connect/dial';
import type { SocketOptions } from '../../internal/socket/constructor-options';
import type { ConnectionOptions } from '../../types/connection-options';

/** Options of `connect()`: those of `net.connect()`, and {@link ConnectionOptions}. */
export interface LeanConnectOptions
  extends
    Omit<SocketOptions, 'signal'>,
    Partial<Omit<DialOptions, keyof SocketOptions>>,
    ConnectionOptions {
  /** Path of a Unix socket, instead of host and port. */
  path?: string | undefined;
  /** An abort makes the connect fail, or closes the connection, with an `AbortError`. */
  signal?: AbortSignal | undefined;
  /** See {@link ConnectionOptions}. */
  highWaterMark?: number | undefined;
  /** See {@link ConnectionOptions}. */
  allowHalfOpen?: boolean | undefined;
}
