import { backend, implementation } from './backend';
import { netModule } from './internal/base/builtins';

const net = implementation();

export { backend };
export const _createServerHandle = net.createServerHandle;
export const _normalizeArgs = (args: unknown[]): unknown[] => net.normalizeArguments(args);
/** Makes a socket and connects it; the listener is added for 'connect'. See docs/CONNECTING.md. */
export const connect = net.connect;
/** Another name of {@link connect}. */
export const createConnection = net.connect;
/** Makes a server; the listener is added for 'connection'. See docs/LISTENING.md. */
export const createServer = net.createServer;
/** 4 or 6 for the text of an IP address of that version, 0 for any other. */
export const isIP = net.isIP;
/** Whether a text is an IPv4 address in dotted decimal. */
export const isIPv4 = net.isIPv4;
/** Whether a text is an IPv6 address. */
export const isIPv6 = net.isIPv6;
/** A TCP or pipe server; callable without `new`. */
export const Server = net.Server;
/** A TCP or pipe connection, a `stream.Duplex`; callable without `new`. */
export const Socket = net.Socket;
/** Legacy name of {@link Socket}. */
export const Stream = net.Socket;
/** Whether a connect to a name tries the addresses of both families, or the one family it uses. */
export const getDefaultAutoSelectFamily = net.getDefaultAutoSelectFamily;
/** Sets the default of the option `autoSelectFamily`: a boolean, or the one family (4, 6) to use. */
export const setDefaultAutoSelectFamily = net.setDefaultAutoSelectFamily;
/** Milliseconds between the starts of two connection attempts. */
export const getDefaultAutoSelectFamilyAttemptTimeout =
  net.getDefaultAutoSelectFamilyAttemptTimeout;
/** Sets the default of `autoSelectFamilyAttemptTimeout`: milliseconds; less than 10 counts as 10. */
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
/** A set of addresses, subnets and ranges, to be asked whether it has an address. */
export declare const BlockList: typeof import('./internal/block-list/block-list').BlockList;
/** An IP address with a port. */
export declare const SocketAddress: typeof import('./internal/block-list/socket-address').SocketAddress;
/** A socket that is bound to a local address, for a Server or a Socket to take over. */
export declare const BoundSocket: typeof import('./bound-socket').BoundSocket;

for (const name of ['BlockList', 'SocketAddress', 'BoundSocket'] as const) {
  defineLazily(name, () => net.addressesPart()[name]);
}

// Last the name that only some lines of Node have; what is behind it is Node's own business. To ask
// Node for it is to load it.
const major = Number.parseInt(process.versions.node, 10);
const nodeOnly =
  major >= 26 ? '_TransferredBoundSocket' : major < 24 ? '_setSimultaneousAccepts' : undefined;
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
