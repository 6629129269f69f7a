import type * as nodeNet from 'node:net';
import type { ListenSocketOptions } from '../options/socket-option-types';
import type { LimitOptions } from './limits';
import type { PathOptions } from './unix-path';

/** Options of `listen()`. See `net.ListenOptions` for options that are not described here. */
export interface ListenOptions extends nodeNet.ListenOptions, ListenSocketOptions, PathOptions {
  /** A descriptor of a TCP or Unix socket that is already bound or listening. */
  fd?: number | undefined;
}

/** Options of `createServer()`. See `net.ServerOpts` for options that are not described here. */
export interface ServerOptions
  extends Omit<nodeNet.ServerOpts, 'blockList'>, ListenSocketOptions, LimitOptions {
  /**
   * Whether to accept descriptors over Unix sockets; the event 'descriptor' reports them. Default:
   * false.
   */
  receiveDescriptors?: boolean | undefined;
  /** See the property `connectionAttemptTimeout` of a server. */
  connectionAttemptTimeout?: number | undefined;
}
