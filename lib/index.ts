import type * as Fallback from './fallback/index';
import { netModule } from './internal/base/builtins';
import { loaded } from './internal/native/binding';

type Native = typeof import('./net');

/** The names of `node:net`, on uvnet's own core where its binary could be loaded. */
/* eslint-disable @typescript-eslint/no-require-imports -- one of the two is loaded */
const net =
  loaded.binding === undefined
    ? ((require('./fallback/index') as typeof Fallback).fallBack(loaded.reason!) as Native)
    : (require('./net') as Native);
/* eslint-enable @typescript-eslint/no-require-imports */

/** `'native'` where uvnet's core is in use, `'node'` where it is `node:net`. */
export const backend: 'native' | 'node' = loaded.binding !== undefined ? 'native' : 'node';

export const _createServerHandle = net.createServerHandle;
export const _normalizeArgs = (args: unknown[]): unknown[] => net.normalizeArguments(args);
// These three get their value at the first use, as those of `node:net` do.
export const BlockList = undefined as unknown as typeof import('./block-list').BlockList;
export const SocketAddress =
  undefined as unknown as typeof import('./socket-address').SocketAddress;
export const BoundSocket = undefined as unknown as typeof import('./bound-socket').BoundSocket;
export const connect = net.connect;
export const createConnection = net.connect;
export const createServer = net.createServer;
export const isIP = net.isIP;
export const isIPv4 = net.isIPv4;
export const isIPv6 = net.isIPv6;
export const Server = net.Server;
export const Socket = net.Socket;
/** Legacy name of {@link Socket}. */
export const Stream = net.Socket;
export const getDefaultAutoSelectFamily = net.getDefaultAutoSelectFamily;
export const setDefaultAutoSelectFamily = net.setDefaultAutoSelectFamily;
export const getDefaultAutoSelectFamilyAttemptTimeout =
  net.getDefaultAutoSelectFamilyAttemptTimeout;
export const setDefaultAutoSelectFamilyAttemptTimeout =
  net.setDefaultAutoSelectFamilyAttemptTimeout;

// Plain properties in place of the getters that a bundler makes: programs may patch them, as they
// patch those of `net`.
module.exports = { ...(module.exports as object) };

/** Makes a property that has its value from the first use on; it may be patched before. */
function defineLazily(name: string, load: () => unknown): void {
  const settle = (value: unknown): void => {
    const property = { configurable: true, enumerable: true, writable: true, value };
    Object.defineProperty(module.exports, name, property);
  };
  Object.defineProperty(module.exports, name, {
    configurable: true,
    enumerable: true,
    get() {
      settle(load());
      return (module.exports as Record<string, unknown>)[name];
    },
    set: settle,
  });
}

for (const name of ['BlockList', 'SocketAddress', 'BoundSocket'] as const) {
  defineLazily(name, () => net.addressesPart()[name]);
}

// Last the name that only some lines of Node have; what is behind it is core's own business. To ask
// core for it is to load it.
const major = Number.parseInt(process.versions.node, 10);
const coreOnly =
  major >= 26 ? '_TransferredBoundSocket' : major < 24 ? '_setSimultaneousAccepts' : undefined;
if (coreOnly !== undefined) {
  defineLazily(coreOnly, () => Reflect.get(netModule(), coreOnly) as unknown);
}

// What `uvnet/lean` is made of.
// Not enumerable, so that it is no name of `net`.
Object.defineProperty(module.exports, Symbol.for('uvnet.lean'), { value: net.leanPart });

export type { ConnectionAttemptInfo } from './internal/listen/attempts';
export type BlockList = import('./block-list').BlockList;
export type SocketAddress = import('./socket-address').SocketAddress;
export type Server = import('./server').Server;
export type Socket = import('./socket').Socket;
export type { BoundSocketToken } from './bound-socket';
export type { SocketToken } from './internal/transfer/bridge';
export type { ListenOptions, ServerOptions, ServerToken } from './server';
export type { DropReason, ProxyMode, ServerStats } from './internal/listen/accept-policy';
export type { ProxyInfo, ProxySsl, ProxyTlv } from './internal/listen/proxy-info';
export type { CloseOptions } from './internal/listen/server-close';
export type { AcceptRate } from './internal/listen/server-limits';
export type { DropData } from './internal/listen/server-state';
export type { SocketOptions } from './socket';
export type { DialOptions as ConnectOptions } from './internal/connect/dial';
export type { PassedHandle } from './passed-handle';
export type { PeerCredentials, SocketInfo } from './internal/options/socket-info';
export type {
  SocketOptionInputs,
  SocketOptionName,
  SocketOptionValues,
} from './internal/options/socket-option-types';
