import type * as nodeNet from 'node:net';
import type { ListenOptions, ServerOptions } from '../../server';
import type { SocketOptions } from '../../socket';
import type { DialOptions } from '../connect/dial';
import type { SocketOptionName } from './socket-option-types';

/**
 * The options that uvnet adds to those of `node:net`, socket options left out: these are in
 * socket-option-names.ts. Each with the value that asks for no more than `node:net` does.
 */

/** Options of streams and of `node:net` itself that its types do not name. */
type Unnamed =
  | 'fd'
  | 'highWaterMark'
  | 'objectMode'
  | 'readableObjectMode'
  | 'writableObjectMode'
  | 'pauseOnCreate'
  | 'manualStart';

/** The compiler sees to it that none is missing. */
type Own<Ours, Nodes> = Record<Exclude<keyof Ours, keyof Nodes | SocketOptionName>, unknown>;

export const serverOptions = {
  maxConnectionsPerAddress: null,
  ipv6PrefixLength: undefined,
  acceptRate: null,
  proxyProtocol: 'off',
  proxyFrom: undefined,
  proxyHeaderTimeout: undefined,
  connectionAttemptTimeout: 0,
  handles: false,
} satisfies Own<ServerOptions, nodeNet.ServerOpts>;

export const listenOptions = {
  mode: undefined,
  replaceStale: false,
} satisfies Own<Omit<ListenOptions, Unnamed>, nodeNet.ListenOptions>;

export const socketOptions = {
  handles: false,
} satisfies Own<Omit<SocketOptions, Unnamed>, nodeNet.SocketConstructorOpts>;

export const connectOptions = {
  ...socketOptions,
  autoSelectFamilyStrategy: 'sequential',
  connectConcurrency: undefined,
  firstAddressFamilyCount: undefined,
  connectTimeout: 0,
  dualLookup: false,
} satisfies Own<DialOptions & Omit<SocketOptions, Unnamed>, nodeNet.TcpNetConnectOpts>;
