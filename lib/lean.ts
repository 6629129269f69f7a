/// <reference types="node" preserve="true" />

import { implementation } from './backend';

/** `uvnet/lean`: handler tables and relays, for servers that do not need streams. */

const lean = implementation().leanPart();

/** Listens, and calls a table of handlers for the events of the connections. */
export const listen = lean.listen;
/** Connects, and calls a table of handlers for the events of the connection. */
export const connect = lean.connect;
/** Sends the same data to many connections in one call, which encodes a text only once. */
export const broadcast = lean.broadcast;
/** Joins two connections until both have ended. See docs/RELAY.md. */
export const relay = lean.relay;
/** Makes a PROXY header, which passes the address of a proxy's client to a server. */
export const proxyHeader = lean.proxyHeader;

export type { Connection, Endpoint, Handlers, ServerHandlers } from './types/interfaces';
export type { ConnectionOptions, Framing } from './types/connection-options';
export type { ProxyInfo } from './internal/proxy/proxy-info';
export type { CloseOptions } from './internal/listen/server-impl';
export type { LeanConnectOptions as ConnectOptions } from './lean/options/connect-options';
export type { LeanListenOptions as ListenOptions, LeanServer as Server } from './lean/server';
export type { ProxiedConnection, ProxyHeaderOptions } from './lean/proxy-header';
export type { RelayError, RelayOptions, RelayProgress, RelayResult } from './lean/relay';
