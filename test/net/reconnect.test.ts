// Sockets that connect again: after destroy(), before it, and to an address of another kind of
// handle.
import type { LookupAddress } from 'node:dns';
import type { Server, Socket } from 'node:net';

import { errorShape } from '../helpers/errors';
import { deferred, nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet, nodeAtLeast, uvnet } from '../helpers/implementations';
import { endpointOf, portOf, Scope, transports, type Transport } from '../helpers/scope';
import { readAll } from '../helpers/streams';

type Done = (error: Error | null, address?: unknown, family?: number) => void;

const OLD = '127.0.0.1';

/** A lookup that the case answers. */
class Lookup {
  private done!: Done;
  private all = false;
  private readonly asked = deferred();

  readonly lookup = (_host: string, { all }: { all?: boolean }, done: Done): void => {
    this.done = done;
    this.all = all === true;
    this.asked.resolve();
  };

  async answer(...addresses: string[]): Promise<void> {
    await this.asked.promise;
    const found = addresses.map((address): LookupAddress => ({ address, family: 4 }));
    if (this.all) this.done(null, found);
    else this.done(null, addresses[0], 4);
  }

  async fail(error: Error): Promise<void> {
    await this.asked.promise;
    this.done(error);
  }
}

describeNet('connect() on a socket of the other kind', ({ scope, isUvnet, newer }) => {
  let tcp: Server;
  let unix: Server;
  let port: number;
  beforeEach(async () => {
    tcp = await scope.listen(scope.server());
    unix = await scope.listen(scope.server(), { path: scope.path() });
    port = portOf(tcp);
  });

  const pipe = async (): Promise<Socket> => {
    const socket = scope.connect(endpointOf(unix));
    await nextEvent(socket, 'connect');
    return socket;
  };
  const events = async (socket: Socket, begin: () => void): Promise<string[]> => {
    const log: string[] = [];
    traceEvents(log, socket);
    socket.on('error', () => {});
    begin();
    await nextEvent(socket, 'close');
    return log;
  };
  const failed = ['connectionAttempt', 'connectionAttemptFailed', 'error ENOENT', 'close true'];

  test('a pipe that connects to an address gets an error', async () => {
    const socket = await pipe();
    expect(await events(socket, () => socket.connect(port, OLD))).toEqual(failed);
  });

  // node:net says the same, but its loop then never ends.
  const ours = isUvnet ? test : test.skip;
  ours('a pipe that connects to an address while it connects: an error', async () => {
    const socket = scope.connect(endpointOf(unix));
    expect(await events(socket, () => socket.connect(port, OLD))).toEqual(failed);
  });

  test('an accepted pipe that connects to an address gets an error', async () => {
    const { peer } = await scope.join(unix);
    expect(await events(peer, () => peer.connect(port, OLD))).toEqual(failed);
  });

  test('a pipe that connects from a local address gets an error', async () => {
    const socket = await pipe();
    const log = await events(socket, () =>
      socket.connect({ port, host: OLD, localAddress: '127.0.0.9' }),
    );
    expect(log).toEqual(['error EINVAL', 'close true']);
  });

  // node:net throws a TypeError out of a later tick, and connects by a handle beside the pipe.
  ours.each([['::1'], ['a name with several addresses']])(
    'a pipe that connects to %s',
    async (host) => {
      const socket = await pipe();
      const lookup = new Lookup();
      const log = events(socket, () =>
        socket.connect({ port, host, lookup: lookup.lookup } as never),
      );
      if (host !== '::1') await lookup.answer('127.0.0.1', '127.0.0.2');
      expect((await log).filter((event) => event !== 'lookup')).toEqual(failed);
    },
  );

  // Older lines abort the process.
  const fits = newer(nodeAtLeast(26), 'error for it');
  fits('a TCP socket that connects to a path: an error', async () => {
    const { path } = endpointOf(unix) as { path: string };
    const socket = scope.connect({ port, host: OLD });
    expect(await events(socket, () => socket.connect(path))).toEqual([
      'connectionAttempt',
      'error EINVAL',
      'close true',
    ]);
    const used = scope.connect({ port, host: OLD });
    await nextEvent(used, 'connect');
    expect(await events(used, () => used.connect(path))).toEqual([
      'connectionAttempt',
      'error EINVAL',
      'close true',
    ]);
  });
});

describe('connect() again', () => {
  const { net } = uvnet!;
  const scope = new Scope(net);
  afterEach(() => scope.dispose());

  /** A server that sends its name. */
  const host = (name: string): Promise<Server> =>
    scope.listen(
      scope.server((connection) => {
        connection.on('error', () => {});
        connection.end(name);
      }),
    );
  const trace = (socket: Socket): string[] => {
    const log: string[] = [];
    traceEvents(log, socket, '', new Set(['connect', 'data', 'end', 'error', 'close']));
    socket.on('error', () => {});
    return log;
  };

  describe.each([
    ['one address', [OLD], {}],
    ['several addresses', [OLD, '127.0.0.2'], {}],
    ['autoSelectFamily: false', [OLD], { autoSelectFamily: false }],
    ['sequential', [OLD, '127.0.0.2'], { autoSelectFamilyStrategy: 'sequential' }],
    ['a race that has a limit', [OLD], { connectTimeout: 50_000 }],
    ['dualLookup', [OLD], { dualLookup: true }],
  ])('after destroy() in a lookup (%s)', (_name, addresses, options) => {
    test.each(['close', 'at once', 'in the next tick'])(
      'connects to the new host only: %s',
      async (when) => {
        const [before, after] = [await host('old'), await host('new')];
        const old = new Lookup();
        const socket = scope.track(new net.Socket());
        const log = trace(socket);
        const again = (): unknown => socket.connect(portOf(after), OLD);
        const target = { port: portOf(before), host: 'old.example', lookup: old.lookup };
        socket.connect({ ...target, ...options } as never);
        const closed = nextEvent(socket, 'close');
        if (when === 'close') socket.once('close', again);
        socket.destroy();
        if (when === 'at once') again();
        if (when === 'in the next tick') process.nextTick(again);
        await closed;
        await old.answer(...addresses);
        expect((await readAll(socket)).toString()).toBe('new');
        expect(log).toEqual(['close false', 'connect', 'data new', 'end']);
      },
    );

    test('the failure of an old lookup does not affect the new one', async () => {
      const [before, after] = [await host('old'), await host('new')];
      const [old, young] = [new Lookup(), new Lookup()];
      const socket = scope.track(new net.Socket());
      const log = trace(socket);
      const target = { host: 'a.example', ...options };
      socket.connect({ ...target, port: portOf(before), lookup: old.lookup } as never);
      socket.destroy();
      socket.connect({ port: portOf(after), host: 'b.example', lookup: young.lookup } as never);
      await old.fail(new Error('old'));
      await nextTurn();
      await young.answer(OLD);
      expect((await readAll(socket)).toString()).toBe('new');
      expect(log).not.toContain('error old');
    });
  });

  test('a lookup listener that connects elsewhere takes precedence', async () => {
    const [before, after] = [await host('old'), await host('new')];
    const old = new Lookup();
    const socket = scope.connect({ port: portOf(before), host: 'a', lookup: old.lookup } as never);
    socket.once('lookup', () => socket.destroy().connect(portOf(after), OLD));
    await old.answer(OLD, '127.0.0.2');
    await nextEvent(socket, 'connect');
    expect((await readAll(socket)).toString()).toBe('new');
  });

  test('the result of the last call counts without destroy()', async () => {
    const [before, after] = [await host('old'), await host('new')];
    const [old, young] = [new Lookup(), new Lookup()];
    const socket = scope.track(new net.Socket());
    const limit = { host: 'a', connectTimeout: 50_000 };
    socket.connect({ ...limit, port: portOf(before), lookup: old.lookup } as never);
    socket.connect({ ...limit, port: portOf(after), lookup: young.lookup } as never);
    await old.answer(OLD);
    await young.answer(OLD);
    expect((await readAll(socket)).toString()).toBe('new');
  });

  test('a race in progress makes another one fail', async () => {
    const server = await host('old');
    const [first, second] = [new Lookup(), new Lookup()];
    const socket = scope.track(new net.Socket());
    const target = { port: portOf(server), host: 'a' };
    socket.connect({ ...target, lookup: first.lookup } as never);
    await first.answer(OLD, '127.0.0.2');
    socket.connect({ ...target, lookup: second.lookup } as never);
    const failed = nextEvent(socket, 'error');
    await second.answer(OLD, '127.0.0.2');
    expect(errorShape((await failed)[0])).toMatchObject({ code: 'EALREADY', syscall: 'connect' });
  });

  describe.each(transports)('over %s', (transport) => {
    const serve = async (): Promise<[Server, Promise<string>]> => {
      const received = deferred<string>();
      const server = scope.server({ allowHalfOpen: true }, (connection) => {
        const chunks: Buffer[] = [];
        connection.on('error', () => {});
        connection.on('data', (chunk: Buffer) => chunks.push(chunk));
        connection.on('end', () => {
          connection.end('hello');
          if (chunks.length > 0) received.resolve(Buffer.concat(chunks).toString());
        });
      });
      await scope.listen(server, scope.listenOptions(transport));
      return [server, received.promise];
    };

    test.each(['at once', 'in the next tick', 'in a timer'])(
      'there is one connection with its end after destroy(), %s',
      async (when) => {
        const [server, received] = await serve();
        const target = endpointOf(server);
        const socket = scope.track(new net.Socket());
        const log = trace(socket);
        const again = (): unknown => socket.connect(target).end('new');
        const run = (): void => {
          socket.connect(target);
          socket.destroy();
          if (when === 'in the next tick') process.nextTick(again);
          else again();
        };
        if (when === 'in a timer') setTimeout(run, 0);
        else run();
        await nextEvent(socket, 'connect');
        expect((await readAll(socket)).toString()).toBe('hello');
        expect(await received).toBe('new');
        expect(log).toEqual(['close false', 'connect', 'data hello', 'end']);
      },
    );

    test('bytes written for the earlier connection are dropped', async () => {
      const [server, received] = await serve();
      const target = endpointOf(server);
      const socket = scope.track(new net.Socket());
      const outcome = deferred<Error | null | undefined>();
      socket.connect(target);
      socket.write('old', outcome.resolve);
      socket.destroy();
      socket.connect(target);
      socket.end('new');
      expect(errorShape(await outcome.promise).code).toBe('ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
      expect(await received).toBe('new');
    });

    test('an end() of the earlier connection leaves the next one writable', async () => {
      const [server, received] = await serve();
      const socket = scope.track(new net.Socket());
      socket.connect(endpointOf(server));
      socket.end();
      socket.destroy();
      socket.connect(endpointOf(server));
      await nextEvent(socket, 'connect');
      socket.write('still ');
      socket.end('writable');
      expect(await received).toBe('still writable');
    });

    test('an error of the next connection is emitted as well', async () => {
      const socket = scope.track(new net.Socket());
      const log = trace(socket);
      const nowhere = transport === 'unix' ? { path: scope.path('no.sock') } : { port: 1 };
      socket.connect(nowhere as never);
      socket.destroy(new Error('first'));
      socket.connect(nowhere as never);
      const second = deferred();
      socket.on('error', ({ message }) => message !== 'first' && second.resolve());
      await second.promise;
      expect(log[0]).toBe('error first');
    });
  });

  test('a reset requested for one connection does not affect the next one', async () => {
    const server = await host('new');
    const socket = scope.track(new net.Socket());
    socket.connect({ port: 1, host: 'a', lookup: () => {} } as never);
    socket.resetAndDestroy();
    socket.destroy();
    socket.connect(portOf(server), OLD);
    await nextEvent(socket, 'connect');
    expect((await readAll(socket)).toString()).toBe('new');
  });
});

describeNet('a second connect() during the first', ({ scope, isUvnet }) => {
  // A pipe of node:net asks the kernel twice, and its loop never ends.
  test.each(isUvnet ? transports : (['tcp', 'tcp6'] as const))(
    'is an error over %s',
    async (transport: Transport) => {
      const server = scope.server((connection) => connection.on('error', () => {}));
      await scope.listen(server, scope.listenOptions(transport));
      const socket = scope.connect(endpointOf(server));
      const failed = nextEvent(socket, 'error');
      const closed = nextEvent(socket, 'close');
      socket.connect(endpointOf(server));
      expect(errorShape((await failed)[0])).toMatchObject({ code: 'EALREADY', syscall: 'connect' });
      expect(await closed).toEqual([true]);
    },
  );
});

describeNet('a lookup with an invalid result', ({ scope, isUvnet }) => {
  const ours = isUvnet ? test : test.skip;
  // node:net throws a TypeError out of the callback.
  ours.each([[[]], [undefined], [null], [5], [{}], ['127.0.0.1'], [[null]], [[undefined]], [[5]]])(
    'of %p for all addresses is an error',
    async (answer) => {
      const lookup = (_host: string, _options: object, done: Done): void => done(null, answer);
      const socket = scope.connect({ port: 1, host: 'a', lookup } as never);
      expect(errorShape((await nextEvent(socket, 'error'))[0]).code).toBe('ERR_INVALID_IP_ADDRESS');
    },
  );

  test.each([[[{}]], [[{ address: 'x', family: 4 }]], [[{ address: 5, family: 4 }]]])(
    'the result %j is an error',
    async (answer) => {
      const lookup = (_host: string, _options: object, done: Done): void => done(null, answer);
      const socket = scope.connect({ port: 1, host: 'a', lookup, autoSelectFamily: true } as never);
      expect(errorShape((await nextEvent(socket, 'error'))[0]).code).toBe('ERR_INVALID_IP_ADDRESS');
    },
  );
});
