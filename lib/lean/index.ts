import { implementation } from '../internal/backend';

/** `uvnet/lean`: handler tables and relays, for servers where streams are the cost. */

const lean = implementation().leanPart();

export const listen = lean.listen;
export const connect = lean.connect;
export const publish = lean.publish;
export const relay = lean.relay;
export const proxyHeader = lean.proxyHeader;

export type { Connection, Endpoint } from './connection';
export type { LeanConnectOptions as ConnectOptions } from './connect';
export type { Framing } from './framing';
export type { ConnectionOptions } from './group';
export type { Handlers, ServerHandlers } from './handlers';
export type { LeanListenOptions as ListenOptions, LeanServer as Server } from './server';
export type { ProxiedConnection, ProxyHeaderOptions } from './proxy-header';
export type { RelayError, RelayOptions, RelayProgress, RelayResult } from './relay';
