import { implementation } from './backend';

/** `uvnet/lean`: handler tables and relays, for servers where streams are the cost. */

const lean = implementation().leanPart();

/** Listens, and has a table of handlers called with what happens to the connections. */
export const listen = lean.listen;
/** Connects, and has a table of handlers called with what happens to the connection. */
export const connect = lean.connect;
/** Sends the same data to many connections: one call, in which a text is encoded once. */
export const broadcast = lean.broadcast;
/** Joins two connections until both have ended; see docs/RELAY.md. */
export const relay = lean.relay;
/** Makes the PROXY header by which a server learns the address of a proxy's client. */
export const proxyHeader = lean.proxyHeader;

export type { Connection, Endpoint, Handlers, ServerHandlers } from './types/interfaces';
export type { ConnectionOptions, Framing } from './types/connection-options';
export type { ProxyInfo } from './internal/proxy/proxy-info';
export type { CloseOptions } from './internal/listen/server-impl';
export type { LeanConnectOptions as ConnectOptions } from './lean/connect';
export type { LeanListenOptions as ListenOptions, LeanServer as Server } from './lean/server';
export type { ProxiedConnection, ProxyHeaderOptions } from './lean/proxy-header';
export type { RelayError, RelayOptions, RelayProgress, RelayResult } from './lean/relay';
