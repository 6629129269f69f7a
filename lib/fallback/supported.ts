import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import type { DialOptions } from '../internal/connect/dial';
import * as own from '../internal/options/own-options';
import { socketOptionNames } from '../internal/options/socket-option-names';
import type { SocketOptionName } from '../internal/options/socket-option-types';
import type { ListenOptions, ServerOptions } from '../internal/listen/server-options';
import type { SocketOptions } from '../internal/socket/constructor-options';
import { unavailable } from './unavailable';

/** Determines which options the running `node:net` implements, and rejects the others. */

export type Call = 'createServer' | 'listen' | 'Socket' | 'connect';

/** Rejected option names, each with the value that is still accepted. */
type Refused = ReadonlyMap<string, unknown>;

const NO_LIST = 5 as never;

function throws(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch {
    return true;
  }
}

/** Whether `listen()` reads `reusePort`. It would read it before `exclusive`. */
function readsReusePort(): boolean {
  let read = false;
  const end = new Error();
  const server = netModule().createServer();
  const probe = {
    port: 0,
    get reusePort(): never {
      read = true;
      throw end;
    },
    get exclusive(): never {
      throw end;
    },
  };
  throws(() => server.listen(probe));
  server.close();
  return read;
}

/** Options of newer versions of Node, which an older `node:net` ignores. */
function newerOptions(call: Call): Record<string, undefined> {
  const { createServer, Socket } = netModule();
  const missing: Record<string, undefined> = {};
  const note = (name: string): void => {
    missing[name] = undefined;
  };
  const connects = call === 'Socket' || call === 'connect';
  // A `node:net` that implements block lists checks the type of the list.
  if (call === 'createServer' && !throws(() => createServer({ blockList: NO_LIST }))) {
    note('blockList');
  }
  if (connects && !throws(() => new Socket({ blockList: NO_LIST }))) note('blockList');
  if (connects && !('setTypeOfService' in Socket.prototype)) note('typeOfService');
  if (call === 'listen' && !readsReusePort()) note('reusePort');
  return missing;
}

/** Socket options that `node:net` has too. */
const nodeSocketOptions: Record<Call, readonly string[]> = {
  createServer: ['noDelay', 'keepAlive', 'keepAliveInitialDelay', 'ipv6Only', 'reusePort'],
  listen: ['noDelay', 'keepAlive', 'keepAliveInitialDelay', 'ipv6Only', 'reusePort'],
  Socket: ['noDelay', 'keepAlive', 'keepAliveInitialDelay', 'typeOfService'],
  connect: ['noDelay', 'keepAlive', 'keepAliveInitialDelay', 'typeOfService'],
};

/** Options of streams and `node:net` that are missing in the types of `node:net`. */
type Unnamed =
  | 'fd'
  | 'highWaterMark'
  | 'objectMode'
  | 'readableObjectMode'
  | 'writableObjectMode'
  | 'pauseOnCreate'
  | 'manualStart';

/** The compiler checks that none is missing. */
type Own<Ours, Nodes> = Record<Exclude<keyof Ours, keyof Nodes | SocketOptionName>, unknown>;

const ownOptions = {
  createServer: own.serverOptions satisfies Own<ServerOptions, nodeNet.ServerOpts>,
  listen: own.listenOptions satisfies Own<Omit<ListenOptions, Unnamed>, nodeNet.ListenOptions>,
  Socket: own.socketOptions satisfies Own<
    Omit<SocketOptions, Unnamed>,
    nodeNet.SocketConstructorOpts
  >,
  connect: own.connectOptions satisfies Own<
    DialOptions & Omit<SocketOptions, Unnamed>,
    nodeNet.TcpNetConnectOpts
  >,
} satisfies Record<Call, Record<string, unknown>>;

function refusedIn(call: Call): Refused {
  const refused = new Map<string, unknown>(Object.entries(ownOptions[call]));
  for (const name of socketOptionNames) {
    if (!nodeSocketOptions[call].includes(name)) refused.set(name, undefined);
  }
  for (const name of Object.keys(newerOptions(call))) refused.set(name, undefined);
  return refused;
}

const known = new Map<Call, Refused>();

function refusedFor(call: Call): Refused {
  let refused = known.get(call);
  if (refused === undefined) known.set(call, (refused = refusedIn(call)));
  return refused;
}

/** Whether an option has no effect here. */
export const isRefused = (call: Call, name: string): boolean => refusedFor(call).has(name);

/**
 * @param options - the argument in the position of the options; Node checks anything but an object
 * @throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM for an option that has no effect here
 */
export function checkOptions(call: Call, options: unknown): void {
  if (typeof options !== 'object' || options === null) return;
  const refused = refusedFor(call);
  // Inherited properties count, as everywhere in node:net.
  for (const name in options) {
    if (!refused.has(name)) continue;
    const value: unknown = Reflect.get(options, name);
    if (value != null && value !== refused.get(name)) unavailable(`options.${name}`);
  }
}
