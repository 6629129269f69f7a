// For cases about handler tables: uvnet/lean, and the resources that a case opens with it.
import nodeNet from 'node:net';
import path from 'node:path';

import { nextEvent } from './events';
import { uvnet, type Implementation } from './implementations';
import { Scope } from './scope';
import type { Uvnet } from './uvnet';

type Lean = typeof import('../../lib/lean');
export type { Connection, Handlers, ServerHandlers, ListenOptions } from '../../lib/lean';
type Server = import('../../lib/lean').Server<any>;
type Options = import('../../lib/lean').ListenOptions;
type Handlers = import('../../lib/lean').ServerHandlers<any>;

if (uvnet === undefined) throw new Error('uvnet is not there');
const entry = path.join(path.dirname(uvnet.entry), 'lean');

/** The module that child processes and workers load. */
export const leanEntry: Implementation = { ...uvnet, entry: `${entry}.js` };

const source = process.env.UVNET_TEST_ENTRY === undefined ? '../../lib/lean' : entry;
export const lean = require(source) as Lean;
export const net = uvnet.net as unknown as Uvnet;

/** Stops accepting, and destroys all connections. */
export function closeAtOnce(server: Server): Promise<void> {
  const closed = server.close();
  server.closeAllConnections();
  return closed;
}

export class LeanScope {
  private readonly servers = new Set<Server>();
  private readonly sockets = new Scope(nodeNet);

  /** Listens on a free port of the IPv4 loopback unless told otherwise. */
  listen(handlers: Handlers, options: Options = {}): Promise<Server> {
    const where = options.path === undefined ? { port: 0, host: '127.0.0.1' } : {};
    const server = lean.listen({ ...where, ...options }, handlers);
    this.servers.add(server);
    return server.ready;
  }

  path(): string {
    return this.sockets.path();
  }

  track<S extends nodeNet.Socket>(socket: S): S {
    return this.sockets.track(socket);
  }

  netServer(listener: (socket: nodeNet.Socket) => void): Promise<nodeNet.Server> {
    return this.sockets.listen(this.sockets.server({ allowHalfOpen: true }, listener));
  }

  /** A connected socket of node:net. */
  async client(server: Server, options: object = {}): Promise<nodeNet.Socket> {
    const address = server.address();
    const where = typeof address === 'string' ? { path: address } : { port: server.port };
    const socket = this.sockets.connect({ ...where, host: '127.0.0.1', ...options } as never);
    await nextEvent(socket, 'connect');
    return socket;
  }

  async dispose(): Promise<void> {
    await this.sockets.dispose();
    await Promise.all([...this.servers].map((server) => closeAtOnce(server)));
    this.servers.clear();
  }
}

/** Returns all bytes that a socket receives until its end. */
export async function receiveAll(socket: nodeNet.Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
