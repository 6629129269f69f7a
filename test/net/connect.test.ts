import type { LookupFunction, NetConnectOpts, Server, Socket } from 'node:net';

import { errorShape, thrownBy } from '../helpers/errors';
import { deferred, nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet, nodeAtLeast } from '../helpers/implementations';
import { withLoopbackNetwork } from '../helpers/platforms';
import { endpointOf, portOf, transports } from '../helpers/scope';
import { describeUvnet } from '../helpers/uvnet';

/** A lookup that knows IPv4 addresses only. */
const answerIPv4 = (
  _host: string,
  { all }: { all?: boolean },
  done: (...result: unknown[]) => void,
): void => {
  const found = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
  if (all) done(null, found);
  else done(null, '127.0.0.1', 4);
};

describeNet('connect', ({ net, scope, newer }) => {
  describe.each(transports)('over %s', (transport) => {
    test('both sides emit their events in order, from connect to close', async () => {
      const log: string[] = [];
      const server = scope.server((peer) => {
        traceEvents(log, peer, 'peer');
        peer.resume();
      });
      await scope.listen(server, scope.listenOptions(transport));
      const client = scope.connect(endpointOf(server), () => log.push('client callback'));
      traceEvents(log, client, 'client');
      expect(client.connecting).toBe(true);
      expect(client.pending).toBe(true);
      expect(client.readyState).toBe('opening');
      const [peer] = (await nextEvent(server, 'connection')) as [Socket];
      if (client.connecting) await nextEvent(client, 'ready');
      expect(client.connecting).toBe(false);
      expect(client.pending).toBe(false);
      expect(client.readyState).toBe('open');
      expect(peer.connecting).toBe(false);
      const closed = Promise.all([nextEvent(client, 'close'), nextEvent(peer, 'close')]);
      client.resume().end('bye');
      await closed;
      expect(log.filter((line) => line.startsWith('client'))).toEqual([
        ...(transport === 'unix' ? [] : ['client connectionAttempt']),
        'client connect',
        'client callback',
        'client ready',
        'client finish',
        'client end',
        'client close false',
      ]);
      expect(log.filter((line) => line.startsWith('peer'))).toEqual([
        'peer data bye',
        'peer end',
        'peer finish',
        'peer close false',
      ]);
      expect(client.readyState).toBe('closed');
      expect(client.destroyed).toBe(true);
    });
  });

  const shapes: [string, (server: Server) => unknown[]][] = [
    ['a port and a host', (server) => [portOf(server), '127.0.0.1']],
    ['a port as a string and a host', (server) => [String(portOf(server)), '127.0.0.1']],
    ['options', (server) => [{ port: portOf(server), host: '127.0.0.1' }]],
  ];
  test.each(shapes)('takes %s in each function that connects', async (_, shape) => {
    const server = await scope.listen(scope.server());
    const ways: ((...args: unknown[]) => Socket)[] = [
      (...args) => Reflect.apply(net.connect, net, args) as Socket,
      (...args) => Reflect.apply(net.createConnection, net, args) as Socket,
      (...args) => {
        const socket = new net.Socket();
        expect(Reflect.apply(socket.connect, socket, args)).toBe(socket);
        return socket;
      },
    ];
    for (const way of ways) {
      const called = deferred<Socket>();
      const socket = scope.track(
        way(...shape(server), function (this: Socket) {
          called.resolve(this);
        }),
      );
      expect(await called.promise).toBe(socket);
      expect(socket.remotePort).toBe(portOf(server));
    }
  });

  test('a port alone means localhost', async () => {
    const server = await scope.listen(scope.server(), { port: 0 });
    const client = scope.track(net.connect(portOf(server)));
    await nextEvent(client, 'connect');
    expect(['127.0.0.1', '::1']).toContain(client.remoteAddress);
  });

  test('emits lookup for a name, and not for an address', async () => {
    const server = await scope.listen(scope.server());
    const port = portOf(server);
    const lookup: LookupFunction = (_, options, callback) => {
      setImmediate(() => {
        if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(null, '127.0.0.1', 4);
      });
    };
    const named = scope.connect({ host: 'a.name', port, lookup });
    expect(await nextEvent(named, 'lookup')).toEqual([null, '127.0.0.1', 4, 'a.name']);
    await nextEvent(named, 'connect');

    const log: string[] = [];
    const numeric = scope.connect({ host: '127.0.0.1', port, lookup });
    traceEvents(log, numeric);
    await nextEvent(numeric, 'connect');
    await nextTurn();
    expect(log).toEqual(['connectionAttempt', 'connect', 'ready']);
  });

  test('passes hints, family and all to the lookup', async () => {
    const server = await scope.listen(scope.server());
    const seen = deferred<unknown[]>();
    const client = scope.connect({
      host: 'a.name',
      port: portOf(server),
      family: 4,
      hints: 0,
      lookup: (host, options, callback) => {
        seen.resolve([host, options]);
        callback(null, '127.0.0.1', 4);
      },
    });
    expect(await seen.promise).toEqual(['a.name', { family: 4, hints: 0 }]);
    await nextEvent(client, 'connect');
  });

  test.each([
    ['an error', [Object.assign(new Error('boom'), { code: 'EBOOM' })], 'EBOOM'],
    ['no address', [null, undefined, undefined], 'ERR_INVALID_IP_ADDRESS'],
    ['a text that is no address', [null, 'nonsense', 4], 'ERR_INVALID_IP_ADDRESS'],
    ['a family that is none', [null, '127.0.0.1', 5], 'ERR_INVALID_ADDRESS_FAMILY'],
  ] as [string, [unknown, unknown?, unknown?], string][])(
    'a lookup that gives %s destroys the socket',
    async (_, answer, code) => {
      const log: string[] = [];
      const client = scope.connect({
        host: 'a.name',
        port: 1,
        autoSelectFamily: false,
        lookup: (_host, _options, callback) => {
          setImmediate(() => Reflect.apply(callback, null, answer));
        },
      });
      traceEvents(log, client);
      client.on('error', () => {});
      await nextEvent(client, 'close');
      expect(log).toEqual(['lookup', `error ${code}`, 'close true']);
      expect(client.destroyed).toBe(true);
    },
  );

  test('the result of a lookup after destroy is ignored', async () => {
    const server = await scope.listen(scope.server());
    const answer = deferred<() => void>();
    const client = scope.connect({
      host: 'a.name',
      port: portOf(server),
      autoSelectFamily: false,
      lookup: (_host, _options, callback) => {
        answer.resolve(() => callback(null, '127.0.0.1', 4));
      },
    });
    const log: string[] = [];
    traceEvents(log, client);
    const late = await answer.promise;
    client.destroy();
    await nextEvent(client, 'close');
    late();
    await nextTurn();
    expect(log.filter((line) => line !== 'lookup')).toEqual(['close false']);
    expect(client.connecting).toBe(false);
  });

  test.each([
    ['no arguments', []],
    ['empty options', [{}]],
    ['a port that is too high', [{ port: 65536 }]],
    ['a negative port', [{ port: -1 }]],
    ['a port of a wrong type', [{ port: {} }]],
    ['a path of a wrong type', [{ path: 5 }]],
    ['a local address that is none', [{ port: 1, localAddress: 'nonsense' }]],
    ['a local port of a wrong type', [{ port: 1, localPort: 'x' }]],
    ['a lookup that is no function', [{ port: 1, host: 'a.name', lookup: 5 }]],
    ['hints that are none', [{ port: 1, host: 'a.name', hints: 1024 }]],
    ['autoSelectFamily of a wrong type', [{ port: 1, host: 'a.name', autoSelectFamily: 'yes' }]],
    [
      'an attempt timeout of a wrong type',
      [{ port: 1, host: 'a.name', autoSelectFamilyAttemptTimeout: 'long' }],
    ],
    [
      'an attempt timeout of zero',
      [{ port: 1, host: 'a.name', autoSelectFamilyAttemptTimeout: 0 }],
    ],
    ['null', [null]],
  ] as [string, unknown[]][])('throws for %s, with the message of the reference', (_, args) => {
    const socket = scope.track(new net.Socket());
    const error = thrownBy(() => Reflect.apply(socket.connect, socket, args));
    const control = new (require('node:net').Socket)();
    expect(error).toEqual(thrownBy(() => Reflect.apply(control.connect, control, args)));
    expect(String(error.code)).toMatch(/^ERR_/);
    control.destroy();
  });

  newer(nodeAtLeast(24), 'check of the host')(
    'throws for a host with a null byte, and for one that is not a string',
    () => {
      const socket = scope.track(new net.Socket());
      expect(thrownBy(() => socket.connect({ port: 1, host: 'a\0b' }))).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
      });
      expect(thrownBy(() => socket.connect({ port: 1, host: 5 as unknown as string }))).toEqual({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "options.host" property must be of type string. Received type number (5)',
      });
    },
  );

  test.each([
    ['127.0.0.1', '::1', {}],
    ['::1', '127.0.0.1', {}],
    ['127.0.0.1', '::1', { autoSelectFamilyStrategy: 'sequential' }],
    ['127.0.0.1', '::1', { localPort: 5, connectTimeout: 5000 }],
    ['a name', '::1', { lookup: answerIPv4 }],
    ['a name', '::1', { lookup: answerIPv4, autoSelectFamily: false }],
    ['a name', '::1', { lookup: answerIPv4, autoSelectFamilyStrategy: 'sequential' }],
  ])('fails to connect to %s from %s', async (host, localAddress, options) => {
    const socket = scope.connect({ port: 1, host, localAddress, ...options } as never);
    const [error] = await nextEvent(socket, 'error');
    const { localPort = 0 } = options as { localPort?: number };
    expect(errorShape(error)).toMatchObject({
      code: 'EINVAL',
      syscall: 'bind',
      address: localAddress,
      message: `bind EINVAL ${localAddress}${localPort > 0 ? ':5' : ''}`,
    });
  });

  withLoopbackNetwork('the peer sees localAddress and localPort', async () => {
    const server = await scope.listen(scope.server());
    // A port that was free a moment ago.
    const probe = await scope.listen(scope.server(), { port: 0, host: '127.0.0.2' });
    const localPort = portOf(probe);
    await new Promise((resolve) => probe.close(resolve));
    const { client, peer } = await scope.join(server, { localAddress: '127.0.0.2', localPort });
    expect([client.localAddress, client.localPort]).toEqual(['127.0.0.2', localPort]);
    expect([peer.remoteAddress, peer.remotePort]).toEqual(['127.0.0.2', localPort]);
  });

  test('a local port that is in use fails the bind with EADDRINUSE and the local endpoint', async () => {
    const server = await scope.listen(scope.server());
    const localPort = portOf(server);
    const target = await scope.listen(scope.server());
    const client = scope.connect({ ...endpointOf(target), localAddress: '127.0.0.1', localPort });
    const [error] = await nextEvent(client, 'error');
    expect(errorShape(error)).toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'bind',
      address: '127.0.0.1',
      port: localPort,
      message: `bind EADDRINUSE 127.0.0.1:${localPort}`,
    });
  });

  test('a connected socket can connect again after destroy', async () => {
    const server = await scope.listen(scope.server());
    const { client } = await scope.join(server);
    client.destroy();
    await nextEvent(client, 'close');
    expect(client.connect(endpointOf(server))).toBe(client);
    await nextEvent(client, 'connect');
    expect(client.destroyed).toBe(false);
    expect(client.readyState).toBe('open');
    expect(client.bytesRead).toBe(0);
  });

  test('writes before connect are sent in order after it', async () => {
    const server = await scope.listen(scope.server());
    const client = scope.track(new net.Socket());
    client.connect(endpointOf(server));
    const log: string[] = [];
    client.once('connect', () => log.push('connect'));
    client.write('one ', () => log.push('first'));
    client.write(Buffer.from('two '), () => log.push('second'));
    client.end('three', () => log.push('end'));
    expect(client.writableLength).toBeGreaterThan(0);
    const [peer] = (await nextEvent(server, 'connection')) as [Socket];
    const chunks: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => chunks.push(chunk));
    await nextEvent(peer, 'end');
    expect(Buffer.concat(chunks).toString()).toBe('one two three');
    expect(log).toEqual(['connect', 'first', 'second', 'end']);
  });

  test('callbacks of writes before a connect that fails get the error', async () => {
    const server = await scope.listen(scope.server());
    const endpoint = endpointOf(server);
    await new Promise((resolve) => server.close(resolve));
    const log: string[] = [];
    const client = scope.connect(endpoint);
    traceEvents(log, client);
    client.on('error', () => {});
    client.write('lost', (error) => log.push(`write ${String(errorShape(error).code)}`));
    client.end(() => log.push('end'));
    await nextEvent(client, 'close');
    expect(log).toEqual([
      'connectionAttempt',
      'connectionAttemptFailed',
      'error ECONNREFUSED',
      'close true',
      'write ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
      'end',
    ]);
  });

  test('the timeout option also applies while connecting', async () => {
    const stuck: NetConnectOpts = {
      host: 'a.name',
      port: 1,
      timeout: 20,
      lookup: () => {},
    };
    const client = scope.connect(stuck);
    expect(client.timeout).toBe(20);
    await nextEvent(client, 'timeout');
    expect(client.connecting).toBe(true);
  });

  test('destroy() while connecting emits close alone', async () => {
    const server = await scope.listen(scope.server());
    const log: string[] = [];
    const client = scope.connect(endpointOf(server));
    traceEvents(log, client);
    client.destroy();
    expect(client.connecting).toBe(false);
    await nextEvent(client, 'close');
    await nextTurn();
    expect(log).toEqual(['close false']);
  });

  test('connects without a connection listener on the server', async () => {
    const server = await scope.listen(scope.trackServer(new net.Server()));
    const { client, peer } = await scope.join(server);
    const answered = nextEvent(client, 'data');
    peer.write('hello');
    expect(String((await answered)[0])).toBe('hello');
  });
});

describeUvnet('connect() during an attempt', ({ net, scope }) => {
  // The end of the first attempt is reported when the second is under way.
  test('a socket that is destroyed and connected again reports each attempt', async () => {
    const server = await scope.listen(scope.server());
    const log: string[] = [];
    const client = scope.track(new net.Socket());
    const attempted = nextEvent(client, 'connectionAttempt');
    client.connect(portOf(server), '127.0.0.1');
    await attempted;
    traceEvents(log, client);
    client.destroy();
    client.connect(portOf(server), '127.0.0.1');
    await nextEvent(client, 'connect');
    await nextTurn();
    expect(client.readyState).toBe('open');
    expect(log.filter((line) => !line.startsWith('close'))).toEqual([
      'connectionAttempt',
      'connect',
      'ready',
    ]);
  });
});
