/// <reference types="node" preserve="true" />

import { backend, implementation } from './backend';
import { netModule } from './internal/base/builtins';

const net = implementation();

export { backend };
/** Internal, as in `node:net`: makes a bound handle. */
export const _createServerHandle = net.createServerHandle;
/** Internal, as in `node:net`: folds the overloads of `connect()` and `listen()`. */
export const _normalizeArgs = (args: unknown[]): unknown[] => net.normalizeArguments(args);
/** Makes a socket and connects it. The listener is added for 'connect'. See docs/CONNECTING.md. */
export const connect = net.connect;
/** Another name for {@link connect}. */
export const createConnection = net.connect;
/** Makes a server. The listener is added for 'connection'. See docs/LISTENING.md. */
export const createServer = net.createServer;
/** Returns 4 for the text of an IPv4 address, 6 for IPv6, and 0 for any other value. */
export const isIP = net.isIP;
/** Whether a text is an IPv4 address in dotted decimal notation. */
export const isIPv4 = net.isIPv4;
/** Whether a text is an IPv6 address. */
export const isIPv6 = net.isIPv6;
/** A TCP or pipe server. It can be called without `new`. */
export const Server = net.Server;
/** A TCP or pipe connection, which is a `stream.Duplex`. It can be called without `new`. */
export const Socket = net.Socket;
/** Legacy name for {@link Socket}. */
export const Stream = net.Socket;
/** Returns the default of `autoSelectFamily`: a boolean, or the only family (4, 6) to use. */
export const getDefaultAutoSelectFamily = net.getDefaultAutoSelectFamily;
/** Sets the default of `autoSelectFamily`: a boolean, or the only family (4, 6) to use. */
export const setDefaultAutoSelectFamily = net.setDefaultAutoSelectFamily;
/** Returns the default of `autoSelectFamilyAttemptTimeout` in milliseconds. */
export const getDefaultAutoSelectFamilyAttemptTimeout =
  net.getDefaultAutoSelectFamilyAttemptTimeout;
/** Sets the default of `autoSelectFamilyAttemptTimeout` in milliseconds. The minimum is 10. */
export const setDefaultAutoSelectFamilyAttemptTimeout =
  net.setDefaultAutoSelectFamilyAttemptTimeout;

/**
 * Defines a property that loads its value when it is first used. A program can replace it before.
 */
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

// These load when they are first used, as in `node:net`.
/** A set of addresses, subnets and ranges that can check whether it contains an address. */
export declare const BlockList: typeof import('./internal/block-list/block-list').BlockList;
/** An IP address with a port. */
export declare const SocketAddress: typeof import('./internal/block-list/socket-address').SocketAddress;
/** A socket that is bound to a local address. A Server or a Socket can then use it. */
export declare const BoundSocket: typeof import('./bound-socket').BoundSocket;

for (const name of ['BlockList', 'SocketAddress', 'BoundSocket'] as const) {
  defineLazily(name, () => net.addressesPart()[name]);
}

// Only some versions of Node have this name, and its value is internal to Node. Reading it from
// Node would load it.
const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
const hasTransferred = major >= 26 || (major === 24 && minor >= 22);
const nodeOnly = hasTransferred
  ? '_TransferredBoundSocket'
  : major < 24
    ? '_setSimultaneousAccepts'
    : undefined;
if (nodeOnly !== undefined) {
  defineLazily(nodeOnly, () => Reflect.get(netModule(), nodeOnly) as unknown);
}

export type * from './exported-types';
export type BlockList = import('./internal/block-list/block-list').BlockList;
export type BoundSocket = import('./bound-socket').BoundSocket;
export type Server = import('./types/interfaces').Server;
export type Socket = import('./types/interfaces').Socket;
export type SocketAddress = import('./internal/block-list/socket-address').SocketAddress;
export type Stream = Socket;
