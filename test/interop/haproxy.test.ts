import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import nodeNet, { type AddressInfo } from 'node:net';

import * as net from 'uvnet';

import { nextTurn } from '../helpers/events';
import type { Net } from '../helpers/implementations';
import { describeNeeds, missingCommand } from '../helpers/needs';
import { portOf, Scope } from '../helpers/scope';

/** Connections through a real HAProxy, which sends the client's address with the PROXY protocol. */

const scope = new Scope(net as unknown as Net);
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  }
  await scope.dispose();
});

interface Route {
  /** Words of HAProxy's `server` line. */
  words: string;
  /** Where HAProxy accepts: an address, or unix for a path. */
  front: '127.0.0.1' | '::1' | 'unix';
  /** How it connects to the server. */
  back: 'tcp' | 'unix';
}

interface Proxied {
  /** The socket of the server. */
  socket: net.Socket;
  client: nodeNet.Socket;
  frontPort: number;
  backPort: number;
  server: net.Server;
}

/** A client connects to HAProxy, HAProxy to the server; all of them are ready, and echo. */
async function through(
  { words, front, back }: Route,
  options?: net.ServerOptions,
): Promise<Proxied> {
  const server = scope.trackServer(
    net.createServer({ proxyProtocol: 'required', ...options }, (socket) => {
      socket.on('error', () => {}).pipe(socket);
    }) as never,
  ) as unknown as net.Server;
  await scope.listen(
    server as never,
    back === 'unix' ? { path: scope.path('back') } : { port: 0, host: '127.0.0.1' },
  );
  const backPort = back === 'unix' ? 0 : portOf(server as never);
  const target = back === 'unix' ? `unix@${scope.path('back')}` : `127.0.0.1:${backPort}`;

  // HAProxy inherits a descriptor that listens, so that the system can choose the port.
  const inherited = nodeNet.createServer();
  if (front !== 'unix') {
    inherited.listen(0, front);
    await once(inherited, 'listening');
  }
  const frontPort = front === 'unix' ? 0 : (inherited.address() as AddressInfo).port;
  const { fd } = (inherited as unknown as { _handle: { fd: number } | null })._handle ?? { fd: 2 };

  const configuration = scope.path('haproxy.cfg');
  writeFileSync(
    configuration,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind ${front === 'unix' ? `unix@${scope.path('front')}` : 'fd@3'}
  unique-id-format id-%ci-%cp
  default_backend out
backend out
  server s ${target} ${words}
`,
  );
  const child = spawn('haproxy', ['-db', '-f', configuration], {
    stdio: ['ignore', 'inherit', 'inherit', fd],
  });
  children.push(child);
  // The child has its copy; with this one open, connections would come here too.
  if (front !== 'unix') inherited.close();

  const connection = once(server, 'connection');
  const client =
    front === 'unix' ? await patiently(scope.path('front')) : nodeNet.connect(frontPort, front);
  scope.track(client);
  const [socket] = (await connection) as [net.Socket];
  return { socket, client, frontPort, backPort, server };
}

/** Connects to a path that may not exist yet. */
async function patiently(path: string): Promise<nodeNet.Socket> {
  for (;;) {
    const client = nodeNet.connect(path);
    const connected = await new Promise((resolve) => {
      client.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    if (connected === true) return client;
    await nextTurn();
  }
}

async function echoes(client: nodeNet.Socket): Promise<void> {
  const text = 'x'.repeat(100_000);
  let got = '';
  client.setEncoding('utf8').on('data', (part: string) => (got += part));
  client.end(text);
  await once(client, 'end');
  expect(got).toBe(text);
}

describeNeeds(missingCommand('haproxy'))('HAProxy', () => {
  const versions = [
    ['v1', 'send-proxy', 1],
    ['v2', 'send-proxy-v2', 2],
    ['v2 with checksum', 'send-proxy-v2 proxy-v2-options crc32c', 2],
  ] as const;
  const fronts = ['127.0.0.1', '::1'] as const;
  const backs = ['tcp', 'unix'] as const;
  const routes = versions.flatMap(([name, words, number]) =>
    fronts.flatMap((front) => backs.map((back) => [name, front, back, words, number] as const)),
  );

  test.each(routes)(
    'a header of %s gives the address of a client from %s to a server over %s',
    async (_, front, back, words, number) => {
      const { socket, client, frontPort, backPort, server } = await through({ words, front, back });
      const family = front === '::1' ? 'IPv6' : 'IPv4';
      expect(socket.remoteAddress).toBe(front);
      expect(socket.remotePort).toBe(client.localPort);
      expect(socket.remoteFamily).toBe(family);
      expect(socket.localAddress).toBe(front);
      expect(socket.localPort).toBe(frontPort);
      expect(socket.proxyInfo).toMatchObject({
        version: number,
        command: 'proxy',
        family,
        transport: 'stream',
        sourceAddress: front,
        sourcePort: client.localPort,
        destinationAddress: front,
        destinationPort: frontPort,
      });
      if (back === 'tcp') {
        // The balancer's own end.
        expect(socket.proxyInfo).toMatchObject({
          peerAddress: '127.0.0.1',
          localAddress: '127.0.0.1',
          localPort: backPort,
        });
        expect(socket.proxyInfo!.peerPort).not.toBe(client.localPort);
      } else {
        expect(socket.proxyInfo!.peerAddress).toBeUndefined();
      }
      await echoes(client);
      expect(server.stats()).toMatchObject({ accepted: 1, bytesRead: 100_000 });
    },
  );

  test.each(versions)(
    'a header of %s for a client on a Unix socket has no addresses',
    async (_, words, number) => {
      const { socket, client } = await through({ words, front: 'unix', back: 'tcp' });
      expect(socket.proxyInfo).toMatchObject({ version: number });
      // In this case, the addresses of the connection apply.
      expect(socket.remoteAddress).toBe('127.0.0.1');
      expect(socket.remotePort).toBe(socket.proxyInfo!.peerPort);
      await echoes(client);
    },
  );

  test('the records of a v2 header arrive', async () => {
    const words = 'send-proxy-v2 proxy-v2-options unique-id,crc32c';
    const { socket, client } = await through({ words, front: '127.0.0.1', back: 'tcp' });
    expect(socket.proxyInfo!.uniqueId!.toString()).toBe(`id-127.0.0.1-${client.localPort}`);
    expect(socket.proxyInfo!.tlvs.map(({ type }) => type).sort()).toEqual([3, 5]);
  });

  test('a v2 health check is local and has the addresses of the connection', async () => {
    const words = 'send-proxy-v2 check check-send-proxy inter 50ms';
    // Health checks arrive again and again, also during the connection of the client.
    const { socket, server } = await through({ words, front: '127.0.0.1', back: 'tcp' });
    let check = socket;
    while (check.proxyInfo?.command !== 'local') {
      [check] = (await once(server, 'connection')) as [net.Socket];
    }
    expect(check.proxyInfo).toMatchObject({ version: 2, command: 'local' });
    expect(check.remotePort).toBe(check.proxyInfo.peerPort);
  });

  test('a server with an optional header reads it too', async () => {
    const { socket, client } = await through(
      { words: 'send-proxy-v2', front: '::1', back: 'tcp' },
      { proxyProtocol: 'optional' },
    );
    expect(socket.remoteAddress).toBe('::1');
    await echoes(client);
  });

  test('a server that requires a header drops a connection without one', async () => {
    const server = scope.trackServer(net.createServer({ proxyProtocol: 'required' }) as never);
    await scope.listen(server);
    const client = scope.connect({ port: portOf(server), host: '127.0.0.1' });
    client.on('error', () => {}).write('GET / HTTP/1.1\r\n\r\n');
    const [data] = (await once(server, 'drop')) as [net.DropData];
    expect(data.reason).toBe('proxyHeader');
  });
});
