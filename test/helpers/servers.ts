// Servers of uvnet for cases, and clients that connect to them.
import * as net from 'uvnet';

import { nextEvent } from './events';
import { portOf, type Scope, type Transport } from './scope';

export const portOfServer = (server: net.Server): number => portOf(server as never);

/** The scope closes everything that these functions open, after the case. */
export function serversOf(scope: Scope) {
  const createServer = (options: net.ServerOptions = {}): net.Server =>
    scope.trackServer(net.createServer(options) as never) as unknown as net.Server;

  return {
    createServer,

    async listening(options: net.ServerOptions = {}, host = '127.0.0.1'): Promise<net.Server> {
      const server = createServer(options);
      await scope.listen(server as never, { port: 0, host });
      return server;
    },

    /** Connects. Returns whether the server kept the connection. */
    async knock(
      server: net.Server,
      localAddress = '127.0.0.1',
      host = '127.0.0.1',
    ): Promise<boolean> {
      const client = scope.connect({ port: portOfServer(server), host, localAddress });
      client.on('error', () => {});
      const kept = nextEvent(server, 'connection').then(() => true);
      const closed = nextEvent(client, 'close').then(() => false);
      return Promise.race([kept, closed]);
    },

    /** A connected client and its peer, made with options of uvnet. */
    async pair(
      client: object,
      server: object = {},
      transport: Transport = 'tcp',
    ): Promise<{ server: net.Server; client: net.Socket; peer: net.Socket }> {
      return (await scope.pair({ client, server, transport })) as never;
    },
  };
}
