import nodeNet from 'node:net';

import { thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { endpointOf, transports } from '../helpers/scope';
import { describeUvnet } from '../helpers/uvnet';

type UvnetSocket = import('../../lib/index').Socket;
type UvnetServer = import('../../lib/index').Server;

describeUvnet('what uvnet adds to net', ({ net, scope }) => {
  describe("the server's 'connectionAttempt'", () => {
    test.each(transports)(
      'comes before connection, with the same socket: %s',
      async (transport) => {
        const server = scope.server();
        const log: [string, unknown][] = [];
        let info: Record<string, unknown> = {};
        server.on('connectionAttempt', (socket: unknown, given: Record<string, unknown>) => {
          log.push(['attempt', socket]);
          info = given;
        });
        server.on('connection', (socket: unknown) => log.push(['connection', socket]));
        await scope.listen(server, scope.listenOptions(transport));
        const { client, peer } = await scope.join(server);
        expect(log).toEqual([
          ['attempt', peer],
          ['connection', peer],
        ]);
        expect(info).toEqual({
          remoteAddress: client.localAddress,
          remotePort: client.localPort,
          remoteFamily: client.localFamily,
          localAddress: client.remoteAddress,
          localPort: client.remotePort,
          localFamily: client.remoteFamily,
        });
      },
    );

    test('a listener that destroys the socket refuses the connection', async () => {
      const server = scope.server();
      let connections = 0;
      server.on('connectionAttempt', (socket: nodeNet.Socket) => socket.destroy());
      server.on('connection', () => connections++);
      await scope.listen(server);
      const client = scope.connect(endpointOf(server));
      client.resume();
      await nextEvent(client, 'close');
      expect(connections).toBe(0);
      const [, count] = await new Promise<[unknown, number]>((resolve) => {
        server.getConnections((error, number) => resolve([error, number]));
      });
      expect(count).toBe(0);
    });
  });

  describe('connectionAttemptTimeout', () => {
    test('destroys a connection that has sent nothing in time', async () => {
      const server = scope.server({ connectionAttemptTimeout: 30 } as nodeNet.ServerOpts);
      expect((server as unknown as UvnetServer).connectionAttemptTimeout).toBe(30);
      await scope.listen(server);
      const { client, peer } = await scope.join(server);
      client.resume();
      await nextEvent(client, 'close');
      expect(peer.destroyed).toBe(true);
    });

    test('calls the listener instead, which decides', async () => {
      const server = scope.server();
      (server as unknown as UvnetServer).connectionAttemptTimeout = 30;
      await scope.listen(server);
      const late = nextEvent(server, 'connectionAttemptTimeout');
      const { peer } = await scope.join(server);
      expect(await late).toEqual([peer]);
      expect(peer.destroyed).toBe(false);
    });

    test.each([false, true])('a first byte is enough (pauseOnConnect: %s)', async (paused) => {
      const server = scope.server({ pauseOnConnect: paused });
      (server as unknown as UvnetServer).connectionAttemptTimeout = 30;
      await scope.listen(server);
      const late: unknown[] = [];
      server.on('connectionAttemptTimeout', (socket: unknown) => late.push(socket));
      const { client, peer } = await scope.join(server);
      client.write('x');
      if (!paused) await nextEvent(peer.resume(), 'data');
      // A silent connection that came later is late: the first one would have been late before it.
      const { peer: silent } = await scope.join(server);
      while (late.length === 0) await nextEvent(server, 'connectionAttemptTimeout');
      expect(late).toEqual([silent]);
      expect(peer.destroyed).toBe(false);
    });

    test.each([-1, 1.5, 2 ** 31, NaN])('refuses %p', (value) => {
      const server = net.createServer();
      expect(thrownBy(() => (server.connectionAttemptTimeout = value)).code).toBe(
        'ERR_OUT_OF_RANGE',
      );
      expect(thrownBy(() => net.createServer({ connectionAttemptTimeout: value })).code).toBe(
        'ERR_OUT_OF_RANGE',
      );
    });
  });

  test('bufferSize may be assigned: the send buffer of the kernel', async () => {
    const { client } = await scope.pair();
    const socket = client as unknown as UvnetSocket & { bufferSize: number };
    const before = socket.getOption('sendBufferSize');
    socket.bufferSize = 16_384;
    const after = socket.getOption('sendBufferSize');
    expect(after).not.toBe(before);
    // Linux gives twice what it is asked for.
    expect([16_384, 32_768]).toContain(after);
    expect(socket.bufferSize).toBe(0);
  });

  describe('setDefaultAutoSelectFamily()', () => {
    const initial = net.getDefaultAutoSelectFamily();
    afterEach(() => net.setDefaultAutoSelectFamily(initial));

    /** The query that a connect to a name sends to the resolver. */
    const queryOf = (options: object = {}): Promise<Record<string, unknown>> =>
      new Promise((resolve) => {
        const socket = net.connect({
          port: 1,
          host: 'name',
          lookup: (_host: string, query: object) => resolve(query as Record<string, unknown>),
          ...options,
        });
        scope.track(socket);
      });

    test.each([4, 6] as const)(
      '%p forces that family on connects that name none',
      async (family) => {
        net.setDefaultAutoSelectFamily(family);
        expect(net.getDefaultAutoSelectFamily()).toBe(family);
        const query = await queryOf();
        expect(query['family']).toBe(family);
        expect(query['all']).toBeFalsy();
        expect((await queryOf({ family: 10 - family }))['family']).toBe(10 - family);
        const both = await queryOf({ autoSelectFamily: true });
        expect(both['all']).toBe(true);
      },
    );

    test('0 means both families, and booleans work as in node:net', async () => {
      net.setDefaultAutoSelectFamily(0);
      expect(net.getDefaultAutoSelectFamily()).toBe(true);
      expect((await queryOf())['all']).toBe(true);
      net.setDefaultAutoSelectFamily(false);
      expect(net.getDefaultAutoSelectFamily()).toBe(false);
      expect((await queryOf())['all']).toBeFalsy();
    });

    test.each([5, '4', null, undefined, {}])('refuses %p as node:net does', (value) => {
      expect(thrownBy(() => net.setDefaultAutoSelectFamily(value as never))).toEqual(
        thrownBy(() => nodeNet.setDefaultAutoSelectFamily(value as never)),
      );
    });
  });

  describe('instanceof', () => {
    test('Socket and Server accept those of node:net, but subclasses do not', () => {
      class Own extends (net.Socket as unknown as new () => nodeNet.Socket) {}
      const nodeSocket = new nodeNet.Socket();
      expect(nodeSocket instanceof net.Socket).toBe(true);
      expect(nodeSocket instanceof Own).toBe(false);
      expect(new Own() instanceof net.Socket).toBe(true);
      expect(new net.Socket() instanceof Own).toBe(false);
      expect(new net.Socket() instanceof nodeNet.Socket).toBe(false);
      expect(nodeNet.createServer() instanceof net.Server).toBe(true);
      expect(({} as unknown) instanceof net.Socket).toBe(false);
    });
  });
});
