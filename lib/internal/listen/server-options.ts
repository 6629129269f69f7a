import type * as nodeNet from 'node:net';
import type { ListenSocketOptions } from '../options/socket-option-types';
import type { LimitOptions } from './limits';
import type { PathOptions } from './unix-path';

/** Options of `listen()`; see `net.ListenOptions` for those not described here. */
export interface ListenOptions extends nodeNet.ListenOptions, ListenSocketOptions, PathOptions {
  /** A descriptor that listens or is bound already, of a TCP or a unix socket. */
  fd?: number | undefined;
}

/** Options of `createServer()`; see `net.ServerOpts` for those not described here. */
export interface ServerOptions
  extends Omit<nodeNet.ServerOpts, 'blockList'>, ListenSocketOptions, LimitOptions {
  /** Unix sockets: descriptors that arrive are reported by event 'descriptor'. Default false. */
  receiveDescriptors?: boolean | undefined;
  /** See {@link Server.connectionAttemptTimeout}. */
  connectionAttemptTimeout?: number | undefined;
}
