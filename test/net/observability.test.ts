// Diagnostic tools: async context, perf_hooks, diagnostics_channel, NODE_DEBUG, and listeners whose
// promises are rejected.
import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

import { runChild } from '../helpers/child';
import { deferred, nextEvent } from '../helpers/events';
import { describeNet, type Net } from '../helpers/implementations';
import { endpointOf, portOf, transports } from '../helpers/scope';

describeNet('observability', (implementation) => {
  const { scope } = implementation;

  test.each(transports)(
    'callbacks run in the async context of their caller, over %s',
    async (transport) => {
      const storage = new AsyncLocalStorage<string>();
      const seen: string[] = [];
      const note = (what: string): void => {
        seen.push(`${what}: ${storage.getStore() ?? '-'}`);
      };
      const server = scope.server();
      server.on('connection', (socket) => {
        note('connection');
        socket.on('data', () => {
          note('server data');
          storage.run('answer', () => socket.write('x', () => note('server write')));
        });
      });
      const listening = nextEvent(server, 'listening');
      storage.run('listen', () => {
        server.listen(scope.listenOptions(transport), () => note('listening'));
      });
      await listening;

      const closed = deferred();
      storage.run('connect', () => {
        const client = scope.connect(endpointOf(server), () => {
          note('connect');
          storage.run('request', () => client.write('hi', () => note('client write')));
        });
        client.on('data', () => {
          note('client data');
          client.end();
        });
        client.on('close', () => {
          note('client close');
          closed.resolve();
        });
        client.setTimeout(60_000);
      });
      await closed.promise;
      expect(seen.slice(0, 3)).toEqual([
        'listening: listen',
        'connection: listen',
        'connect: connect',
      ]);
      expect(seen.slice(3).sort()).toEqual([
        'client close: connect',
        'client data: connect',
        'client write: request',
        'server data: -',
        'server write: answer',
      ]);
    },
  );

  test('a lookup and an error have the context of the connect', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const client = storage.run('connect', () =>
      scope.connect({
        port: 1,
        host: 'name',
        lookup: (_host, _options, callback) => {
          seen.push(storage.getStore());
          setImmediate(() => callback(new Error('no such name'), '', 4));
        },
      }),
    );
    client.on('error', () => seen.push(storage.getStore()));
    await nextEvent(client, 'close');
    expect(seen).toEqual(['connect', 'connect']);
  });

  const { isUvnet } = implementation;
  const made = isUvnet ? 'no' : 'one';
  test(`${made} entry of type 'net' for a TCP connection`, async () => {
    const { stdout } = await runChild(implementation, ({ net, require }) => {
      const perf = require('node:perf_hooks') as typeof import('node:perf_hooks');
      const observer = new perf.PerformanceObserver((list) => {
        for (const { name } of list.getEntries()) console.log(name);
      });
      observer.observe({ entryTypes: ['net'] });
      const server = net.createServer((peer) => peer.end());
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as import('node:net').AddressInfo;
        const client = net.connect(port, '127.0.0.1').resume();
        client.on('close', () => server.close());
      });
    });
    expect(stdout).toBe(isUvnet ? '' : 'connect\n');
  });

  test('diagnostics_channel publishes sockets of both sides and listen(), in order', async () => {
    const log: string[] = [];
    const sockets: Socket[] = [];
    const names = [
      'net.client.socket',
      'net.server.socket',
      'tracing:net.server.listen:asyncStart',
      'tracing:net.server.listen:asyncEnd',
      'tracing:net.server.listen:error',
    ];
    const onMessage = (message: unknown, name: string | symbol): void => {
      log.push(String(name));
      const { socket } = message as { socket?: Socket };
      if (socket !== undefined) sockets.push(socket);
    };
    for (const name of names) diagnostics.subscribe(name, onMessage);
    try {
      const server = scope.server();
      server.on('listening', () => log.push('listening'));
      server.on('connection', () => log.push('connection'));
      await scope.listen(server);
      const { client, peer } = await scope.join(server);
      expect(sockets).toEqual([client, peer]);
      const taken = scope.server();
      taken.on('error', () => log.push('error'));
      taken.listen(portOf(server), '127.0.0.1');
      await nextEvent(taken, 'error');
      expect(log).toEqual([
        'tracing:net.server.listen:asyncStart',
        'tracing:net.server.listen:asyncEnd',
        'listening',
        'net.client.socket',
        'connection',
        'net.server.socket',
        'tracing:net.server.listen:asyncStart',
        'tracing:net.server.listen:error',
        'error',
      ]);
    } finally {
      for (const name of names) diagnostics.unsubscribe(name, onMessage);
    }
  });

  test('open connections are in the report, and for node:net among the active handles', async () => {
    const { stdout } = await runChild(implementation, ({ net }) => {
      const server = net.createServer((peer) => {
        const { port } = server.address() as import('node:net').AddressInfo;
        const { libuv } = process.report!.getReport() as unknown as {
          libuv: { type: string; localEndpoint?: { port: number } }[];
        };
        const here = libuv.filter(({ localEndpoint }) => localEndpoint?.port === port);
        const active = process.getActiveResourcesInfo().filter((type) => type.startsWith('TCP'));
        console.log(here.length, active.length);
        server.close();
        peer.destroy();
      });
      server.listen(0, '127.0.0.1', () => {
        net.connect((server.address() as import('node:net').AddressInfo).port, '127.0.0.1');
      });
    });
    // The listening one and the accepted one; these and the client.
    expect(stdout).toBe(isUvnet ? '2 0\n' : '2 3\n');
  });

  test('captureRejections destroys the socket of a rejected connection listener', async () => {
    const { stdout } = await runChild(implementation, ({ net: tested, require }) => {
      (require('node:events') as { captureRejections: boolean }).captureRejections = true;
      const server = tested.createServer();
      server.on('connection', (socket) => {
        socket.on('error', (error) => console.log(`socket: ${error.message}`));
        return Promise.reject(new Error('of connection')) as never;
      });
      server.on('listening', () => Promise.reject(new Error('of listening')) as never);
      server.on('error', (error) => {
        console.log(`server: ${error.message}`);
        const { port } = server.address() as import('node:net').AddressInfo;
        const client = tested.connect(port).resume();
        client.on('close', () => server.close());
      });
      server.listen(0);
    });
    expect(stdout).toBe('server: of listening\nsocket: of connection\n');
  });

  test('NODE_DEBUG=net writes to stderr, and nothing is written without it', async () => {
    const body = ({ net: tested }: { net: Net }): void => {
      const server = tested.createServer((socket) => socket.end());
      server.listen(0, () => {
        const { port } = server.address() as import('node:net').AddressInfo;
        tested.connect(port).on('close', () => server.close());
      });
    };
    const quiet = await runChild(implementation, body, { env: { NODE_DEBUG: '' } });
    expect(quiet.stderr).toBe('');
    const loud = await runChild(implementation, body, { env: { NODE_DEBUG: 'net' } });
    expect(loud.code).toBe(0);
    expect(loud.stderr).toMatch(/^NET \d+: .*onconnection/m);
    expect(loud.stderr).toMatch(/^NET \d+: .*destroy/m);
  });
});
