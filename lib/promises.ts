/// <reference types="node" preserve="true" />

import { implementation } from './backend';
import { useBackend } from './promises/backend';

/** `uvnet/promises`: sockets for async functions; see docs/PROMISES.md. */

useBackend(implementation().promisesPart());

export { connect, type ConnectOptions } from './promises/connect';
export { listen, type Listener, type ListenOptions } from './promises/listener';
export { serve, type ServeOptions } from './promises/serve';
export { Stream, type WriteOptions } from './promises/stream';
export type { OperationOptions } from './promises/operation';
export type { LinesOptions, ReadLineOptions, ReadUntilOptions } from './promises/wants';
export type { IncompleteRead, MessageTooLong, OperationTimeout } from './promises/errors';
export type { CloseOptions } from './internal/listen/server-impl';
export type { ProxyInfo } from './internal/proxy/proxy-info';
export type { Framing } from './types/connection-options';
export type { Endpoint } from './types/interfaces';
