import type {
  IpcNetConnectOpts,
  ListenOptions as NodeListenOptions,
  ServerOpts,
  TcpNetConnectOpts,
} from 'node:net';
import * as own from '../../internal/options/own-options';
import { socketOptionNames } from '../../internal/options/socket-option-names';
import type { ConnectionOptions } from '../../types/connection-options';
import { namesOf } from './known-options';

/** The names of all options that exist. */

/** Of connections, in both. */
export const connectionNames = namesOf<ConnectionOptions>({
  borrow: true,
  framing: true,
  highWaterMark: true,
  allowHalfOpen: true,
});

/** Of `connect()`. */
export const connectNames: ReadonlySet<string> = new Set([
  ...namesOf<TcpNetConnectOpts & IpcNetConnectOpts>({
    timeout: true,
    port: true,
    host: true,
    localAddress: true,
    localPort: true,
    hints: true,
    family: true,
    lookup: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: true,
    fd: true,
    allowHalfOpen: true,
    onread: true,
    readable: true,
    writable: true,
    signal: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: true,
    blockList: true,
    typeOfService: true,
    handle: true,
    path: true,
  }),
  ...Object.keys(own.connectOptions),
  ...socketOptionNames,
  ...connectionNames,
]);

/** Of `listen()`. */
export const listenNames: ReadonlySet<string> = new Set([
  ...namesOf<ServerOpts & NodeListenOptions>({
    allowHalfOpen: true,
    pauseOnConnect: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: true,
    highWaterMark: true,
    blockList: true,
    backlog: true,
    exclusive: true,
    handle: true,
    host: true,
    ipv6Only: true,
    reusePort: true,
    path: true,
    port: true,
    readableAll: true,
    writableAll: true,
    signal: true,
  }),
  ...Object.keys(own.serverOptions),
  ...Object.keys(own.listenOptions),
  ...socketOptionNames,
  ...connectionNames,
  'fd',
  'maxConnections',
]);
