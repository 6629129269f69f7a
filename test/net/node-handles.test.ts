import { spawn } from 'node:child_process';
import nodeNet from 'node:net';

import { nextEvent } from '../helpers/events';
import { describeNet, reference } from '../helpers/implementations';
import { endpointOf, portOf, Scope } from '../helpers/scope';
import { readAll, readBytes } from '../helpers/streams';

interface WithHandle {
  _handle: { fd: number };
}

const handleOf = (owner: unknown): { fd: number } => (owner as WithHandle)._handle;

describeNet('handles of node:net', ({ net, scope, isUvnet }) => {
  const nodeScope = new Scope(reference.net);
  afterEach(() => nodeScope.dispose());

  /** A server whose handle is taken away, so that it cannot be closed after the case. */
  const victim = async (options: nodeNet.ListenOptions): Promise<nodeNet.Server> => {
    const server = nodeNet.createServer((socket) => socket.end('old')).listen(options);
    await nextEvent(server, 'listening');
    return server;
  };

  /** Connects to a port and gives all that is sent. */
  const ask = async (options: nodeNet.NetConnectOpts): Promise<string> =>
    (await readAll(nodeScope.connect(options))).toString();

  describe.each([
    ['the handle', (server: nodeNet.Server): unknown => handleOf(server)],
    ['{ handle }', (server: nodeNet.Server): unknown => ({ handle: handleOf(server) })],
    ['the server', (server: nodeNet.Server): unknown => server],
  ])('listen(%s)', (_what, argument) => {
    test('listens on the socket of a server of node:net', async () => {
      const other = await victim({ port: 0, host: '127.0.0.1' });
      const port = portOf(other);
      const server = scope.server((socket) => socket.end('new'));
      await scope.listen(server, argument(other) as nodeNet.ListenOptions);
      expect(portOf(server)).toBe(port);
      expect(await ask({ port, host: '127.0.0.1' })).toBe('new');
    });

    // node:net refuses to listen on a pipe that listens already.
    const unix = isUvnet ? test : test.skip;
    unix('of a unix socket, whose name stays until it is closed', async () => {
      const path = nodeScope.path();
      const other = await victim({ path });
      const server = scope.server((socket) => socket.end('new'));
      await scope.listen(server, argument(other) as nodeNet.ListenOptions);
      expect(await ask({ path })).toBe('new');
      expect(await ask({ path })).toBe('new');
    });
  });

  test('listen() takes a handle that is bound and does not listen yet', async () => {
    const { _createServerHandle: create } = nodeNet as unknown as {
      _createServerHandle(address: string, port: number, family: 4): { fd: number };
    };
    const server = scope.server((socket) => socket.end('here'));
    await scope.listen(server, {
      handle: create('127.0.0.1', 0, 4),
    } as unknown as nodeNet.ListenOptions);
    expect(await ask({ port: portOf(server), host: '127.0.0.1' })).toBe('here');
  });

  test.each(['tcp', 'unix'] as const)(
    'new Socket({ handle }) takes the handle of a connection: %s',
    async (how) => {
      const options = nodeScope.listenOptions(how);
      const server = nodeNet.createServer({ pauseOnConnect: true }).listen(options);
      await nextEvent(server, 'listening');
      const accepted = nextEvent(server, 'connection');
      const client = nodeScope.connect(endpointOf(server));
      const [peer] = await accepted;
      const closed = new Promise((resolve) => server.close(resolve));
      const socket = scope.track(
        new net.Socket({ handle: handleOf(peer) } as unknown as nodeNet.SocketConstructorOpts),
      );
      client.write('ping');
      expect((await readBytes(socket, 4)).toString()).toBe('ping');
      const answer = readAll(client);
      socket.end('pong');
      expect((await answer).toString()).toBe('pong');
      if (!socket.closed) await nextEvent(socket, 'close');
      expect(socket.bytesWritten).toBe(4);
      // The object that had the connection does not notice it.
      (peer as nodeNet.Socket).destroy();
      await closed;
    },
  );
});

describeNet('sockets for child processes', ({ scope }) => {
  test('spawn() takes a socket in stdio', async () => {
    const { client, peer } = await scope.pair({ server: { pauseOnConnect: true } });
    const child = spawn(process.execPath, ['-e', 'process.stdout.write("from the child")'], {
      stdio: ['ignore', peer, 'inherit'],
    });
    const answer = readAll(client);
    await nextEvent(child, 'exit');
    peer.destroy();
    expect((await answer).toString()).toBe('from the child');
  });
});
