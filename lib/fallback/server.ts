import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import { isMadeBy } from '../internal/base/made-by';
import * as own from '../internal/options/own-options';
import { convert } from './socket';
import { checkOptions, isRefused } from './supported';
import { addMissing, unavailable } from './unavailable';

/** Servers of `node:net` that reject the features of uvnet's own servers. */

type Listener = (socket: nodeNet.Socket) => void;

const NodeServer = netModule().Server;

// As with `Socket`.
const { Server: ServerFunction } = {
  // eslint-disable-next-line object-shorthand -- a method cannot be constructed
  Server: function (
    this: unknown,
    options?: nodeNet.ServerOpts | Listener,
    listener?: Listener,
  ): object | undefined {
    checkOptions('createServer', options);
    const args = [options, listener] as const;
    if (new.target !== undefined) return Reflect.construct(NodeServer, args, new.target) as object;
    if (!isMadeBy(Server, this)) return createServer(options, listener);
    Reflect.apply(NodeServer as unknown as () => void, this, args);
    return undefined;
  },
};

export const Server = ServerFunction as unknown as typeof nodeNet.Server;
Object.setPrototypeOf(Server.prototype, NodeServer.prototype);
Object.setPrototypeOf(Server, NodeServer);

export function createServer(
  options?: nodeNet.ServerOpts | Listener,
  listener?: Listener,
): nodeNet.Server {
  return new Server(options as nodeNet.ServerOpts, listener);
}

const { listen, close, emit } = NodeServer.prototype as unknown as Record<
  string,
  (...args: unknown[]) => unknown
>;

const methods = {
  listen(this: nodeNet.Server, ...args: unknown[]): unknown {
    checkOptions('listen', args[0]);
    return Reflect.apply(listen, this, args);
  },

  close(this: nodeNet.Server, ...args: unknown[]): unknown {
    const [options] = args;
    const isOptions = typeof options === 'object' && options !== null;
    if (isOptions && ('gracePeriod' in options || 'idleTimeout' in options)) {
      unavailable('server.close(options)');
    }
    return Reflect.apply(close, this, args);
  },

  emit(this: nodeNet.Server, ...args: unknown[]): unknown {
    if (args[0] === 'connection') convert(args[1]);
    return Reflect.apply(emit, this, args);
  },
};
for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Server.prototype, name, { configurable: true, writable: true, value });
}

Object.defineProperty(Server, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    if (this !== Server) return Function.prototype[Symbol.hasInstance].call(this, value);
    return value instanceof NodeServer;
  },
});

addMissing(Server.prototype, 'server.', [
  'closeAllConnections',
  'closeIdleConnections',
  'detach',
  'getOption',
  'setOption',
  'stats',
]);
addMissing(Server, 'Server.', ['attach']);

/** Defines options that are also properties of a server and can be set while it listens. */
function defineOption(name: string, neutral: unknown): void {
  Object.defineProperty(Server.prototype, name, {
    configurable: true,
    get: () => neutral,
    set(value: unknown) {
      checkOptions('createServer', { [name]: value });
    },
  });
}
for (const [name, neutral] of Object.entries(own.serverOptions)) defineOption(name, neutral);
if (isRefused('createServer', 'blockList')) defineOption('blockList', undefined);
