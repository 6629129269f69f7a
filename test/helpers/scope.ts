// The resources of one case, which end with it: servers, sockets and the folder of its Unix
// sockets.
import { mkdtempSync, rmSync } from 'node:fs';
import type { ListenOptions, NetConnectOpts, Server, ServerOpts, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { nextEvent } from './events';
import type { Net } from './implementations';

export type Transport = 'tcp' | 'tcp6' | 'unix';

export const transports: Transport[] = ['tcp', 'tcp6', 'unix'];

export interface PairOptions {
  /** 'tcp' (IPv4) unless told otherwise. */
  transport?: Transport;
  server?: ServerOpts;
  client?: Partial<NetConnectOpts>;
}

export interface Pair {
  server: Server;
  /** The side that connected. */
  client: Socket;
  /** The side that was accepted. */
  peer: Socket;
}

/** The path of a Unix socket in a folder; on Windows, the name of a pipe that is as unique as the folder. */
export function localPath(folder: string, name: string): string {
  if (process.platform !== 'win32') return path.join(folder, name);
  return `\\\\.\\pipe\\${path.basename(folder)}-${name}`;
}

export class Scope {
  private readonly servers = new Set<Server>();
  private readonly sockets = new Set<Socket>();
  private folder: string | undefined;

  constructor(private readonly net: Net) {}

  /** `net.createServer`, closed after the case. */
  server(listener?: (socket: Socket) => void): Server;
  server(options: ServerOpts, listener?: (socket: Socket) => void): Server;
  server(...args: [((socket: Socket) => void) | ServerOpts | undefined]): Server {
    return this.trackServer(Reflect.apply(this.net.createServer, this.net, args) as Server);
  }

  trackServer(server: Server): Server {
    this.servers.add(server);
    server.on('connection', (socket: Socket) => this.track(socket));
    return server;
  }

  track<S extends Socket>(socket: S): S {
    this.sockets.add(socket);
    return socket;
  }

  /** Listens, on a free port of the IPv4 loopback unless told otherwise. */
  async listen(server: Server, options?: ListenOptions): Promise<Server> {
    server.listen(options ?? { port: 0, host: '127.0.0.1' });
    await nextEvent(server, 'listening');
    return server;
  }

  /** `net.connect`, destroyed after the case. */
  connect(options: NetConnectOpts, listener?: () => void): Socket {
    return this.track(this.net.connect(options, listener));
  }

  /** A connected client and what the server made of it. */
  async pair({ transport = 'tcp', server: options, client }: PairOptions = {}): Promise<Pair> {
    const server = this.server(options ?? {});
    await this.listen(server, this.listenOptions(transport));
    return this.join(server, client);
  }

  /** Connects to a listening server and waits until both sides know. */
  async join(server: Server, options?: Partial<NetConnectOpts>): Promise<Pair> {
    const accepted = nextEvent(server, 'connection');
    const client = this.connect({ ...endpointOf(server), ...options });
    await nextEvent(client, 'connect');
    const [peer] = (await accepted) as [Socket];
    return { server, client, peer };
  }

  listenOptions(transport: Transport): ListenOptions {
    if (transport === 'unix') return { path: this.path() };
    return { port: 0, host: transport === 'tcp6' ? '::1' : '127.0.0.1' };
  }

  /** A path for a unix socket in a folder of this case; on Windows, the name of a pipe of this case. */
  path(name = `${this.servers.size}.sock`): string {
    this.folder ??= mkdtempSync(path.join(tmpdir(), 'uvnet-'));
    return localPath(this.folder, name);
  }

  async dispose(): Promise<void> {
    const closed: Promise<unknown>[] = [];
    for (const socket of this.sockets) {
      if (socket.closed) continue;
      socket.on('error', () => {});
      closed.push(new Promise((resolve) => socket.once('close', resolve)));
      socket.destroy();
    }
    for (const server of this.servers) {
      if (!server.listening) continue;
      closed.push(new Promise((resolve) => server.close(resolve)));
    }
    this.sockets.clear();
    this.servers.clear();
    await Promise.all(closed);
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true, force: true });
    this.folder = undefined;
  }
}

/** The connect options for a listening server. */
export function endpointOf(server: Server): NetConnectOpts {
  const address = server.address();
  if (address === null) throw new Error('the server does not listen');
  if (typeof address === 'string') return { path: address };
  return { port: address.port, host: address.address };
}

/** The port of a TCP server. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP server');
  return address.port;
}
