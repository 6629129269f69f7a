// What Windows cannot do fails with one clear error, and leaves the object usable. `npm run test:windows` runs these
// cases; docs/COMPATIBILITY.md has the table.
import nodeNet, { type Server, type Socket as NodeSocket } from 'node:net';
import path from 'node:path';

import type { Server as UvnetServer, Socket } from '../../lib/index';
import { runClusterOn } from '../helpers/cluster';
import { errorShape, rejectionOf, thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { lean } from '../helpers/relaying';
import { endpointOf, Scope, transports } from '../helpers/scope';

const describeWindows =
  process.platform === 'win32' && uvnet !== undefined ? describe : describe.skip;

type Uvnet = typeof import('../../lib/index');
type WithHandle = { _handle: object };

const refusal = { name: 'TypeError', code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' };

/** Checks that bytes still pass. */
async function expectOpen(from: NodeSocket | Socket, to: NodeSocket | Socket): Promise<void> {
  from.write('still there');
  const [chunk] = (await nextEvent(to as NodeSocket, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('still there');
}

describeWindows('on Windows', () => {
  const net = uvnet!.net as unknown as Uvnet;
  const scope = new Scope(uvnet!.net);
  afterEach(() => scope.dispose());

  const ofSockets: [string, (socket: Socket) => unknown][] = [
    ['toNode()', (socket) => socket.toNode()],
    ['detach()', (socket) => socket.detach()],
    ['sendDescriptor()', (socket) => socket.sendDescriptor('x', socket)],
    ['peek()', (socket) => socket.peek(1)],
    ['peerCredentials()', (socket) => socket.peerCredentials()],
    ["setOption('mark')", (socket) => socket.setOption('mark', 1)],
    ["getOption('congestion')", (socket) => socket.getOption('congestion')],
  ];
  describe.each(transports)('over %s', (transport) => {
    test.each(ofSockets)('%s is refused, and the connection stays', async (_name, act) => {
      const { client, peer } = await scope.pair({ transport });
      const error = await rejectionOf(Promise.resolve(client as Socket).then(act));
      expect(error).toMatchObject(refusal);
      await expectOpen(client, peer);
    });

    test('Socket.fromNode() is refused, and the connection stays', async () => {
      const server = await scope.listen(scope.server(), scope.listenOptions(transport));
      const accepted = nextEvent(server, 'connection');
      const client = scope.track(nodeNet.connect(endpointOf(server)));
      const [peer] = (await accepted) as [NodeSocket];
      expect(thrownBy(() => net.Socket.fromNode(client as never))).toMatchObject(refusal);
      await expectOpen(client, peer);
    });

    test('detach() of a server is refused, and it goes on listening', async () => {
      const server = await scope.listen(scope.server(), scope.listenOptions(transport));
      expect(thrownBy(() => (server as UvnetServer).detach())).toMatchObject(refusal);
      const { client, peer } = await scope.join(server);
      await expectOpen(client, peer);
    });
  });

  test.each([
    ['of a socket', () => new net.Socket({ receiveDescriptors: true } as never)],
    ['of a server', () => net.createServer({ receiveDescriptors: true })],
  ])('receiveDescriptors %s is refused', (_of, make) => {
    expect(thrownBy(make)).toMatchObject(refusal);
  });

  test('the mode of a path is refused, and the server can listen without it', async () => {
    const server = scope.server();
    const place = { path: scope.path() };
    expect(thrownBy(() => server.listen({ ...place, mode: 0o600 } as never))).toMatchObject(
      refusal,
    );
    expect(server.listening).toBe(false);
    await scope.listen(server, { ...place, replaceStale: true } as never);
  });

  test.each([
    ['createFront()', 'createFront'],
    ['listenFds()', 'listenFds'],
  ] as const)('%s is refused', (_name, name) => {
    const source = process.env['UVNET_TEST_ENTRY'] ?? path.resolve(__dirname, '../../lib/index.ts');
    const front = require(path.join(path.dirname(source), 'front')) as Record<
      typeof name,
      (server: Server) => unknown
    >;
    expect(thrownBy(() => front[name](nodeNet.createServer()))).toMatchObject(refusal);
  });

  const notThere = { code: 'ENOTSUP', syscall: 'listen' };
  test.each([
    ['proxyProtocol', { proxyProtocol: 'required' }, {}],
    ['proxyProtocol, if optional,', { proxyProtocol: 'optional' }, {}],
    ['reusePort', {}, { reusePort: true }],
  ])("a server with %s emits 'error' with ENOTSUP", async (_name, options, place) => {
    const server = scope.server(options as object);
    server.listen({ port: 0, host: '127.0.0.1', ...place });
    const [error] = await nextEvent(server, 'error');
    expect(errorShape(error)).toMatchObject(notThere);
    expect(server.listening).toBe(false);
  });

  test('lean.listen() with proxyProtocol is rejected with ENOTSUP', async () => {
    const server = lean.listen({ port: 0, host: '127.0.0.1', proxyProtocol: 'required' }, {});
    expect(await rejectionOf(server.ready)).toMatchObject(notThere);
  });

  test("a server in a worker of a cluster emits 'error' with ENOTSUP", async () => {
    const { stdout } = await runClusterOn(uvnet!, ({ net: { createServer }, require }) => {
      const cluster = require('node:cluster') as import('node:cluster').Cluster;
      if (cluster.isPrimary) {
        cluster.fork().on('message', (message) => {
          console.log(message);
          process.exit();
        });
        return;
      }
      createServer()
        .on('error', ({ code }: NodeJS.ErrnoException) => process.send!(code!))
        .listen(0, '127.0.0.1');
    });
    expect(stdout.trim()).toBe('ENOTSUP');
  });
});

describeWindows('handles of node:net on Windows', () => {
  const net = uvnet!.net;
  const scope = new Scope(nodeNet);
  afterEach(() => scope.dispose());

  test.each(transports)(
    'listen() refuses them and leaves their server listening (%s)',
    async (transport) => {
      const owner = await scope.listen(scope.server(), scope.listenOptions(transport));
      const { _handle: handle } = owner as Server & WithHandle;
      for (const given of [handle, { handle }, owner]) {
        const server = new net.Server();
        expect(thrownBy(() => server.listen(given as never))).toMatchObject(refusal);
        expect(server.listening).toBe(false);
      }
      const accepted = nextEvent(owner, 'connection');
      await nextEvent(scope.connect(endpointOf(owner)), 'connect');
      await accepted;
    },
  );

  test.each(transports)(
    'new Socket() refuses them and leaves their connection open (%s)',
    async (transport) => {
      const { client, peer } = await scope.pair({ transport });
      const { _handle: handle } = client as NodeSocket & WithHandle;
      expect(thrownBy(() => new net.Socket({ handle } as never))).toMatchObject(refusal);
      await expectOpen(client, peer);
    },
  );
});
