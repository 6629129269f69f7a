import { backend, implementation } from './internal/backend';
import { netModule } from './internal/base/builtins';

const net = implementation();

export { backend };
export const _createServerHandle = net.createServerHandle;
export const _normalizeArgs = (args: unknown[]): unknown[] => net.normalizeArguments(args);
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

// As those of `node:net`, these get their value at the first use.
export declare const BlockList: typeof import('./block-list').BlockList;
export declare const SocketAddress: typeof import('./socket-address').SocketAddress;
export declare const BoundSocket: typeof import('./bound-socket').BoundSocket;

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
