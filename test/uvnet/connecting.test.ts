// Racing connection attempts, as far as loopback allows; test/netns has the rest. Features of uvnet
// run on uvnet only; the behaviour of 'sequential' is compared with node:net.
import { once } from 'node:events';
import type { LookupAddress } from 'node:dns';
import type { Server, Socket } from 'node:net';

import { nextEvent } from '../helpers/events';
import { reference, uvnet } from '../helpers/implementations';
import { describeLoopbackNetwork } from '../helpers/platforms';
import { portOf, Scope } from '../helpers/scope';

type Done = (error: Error | null, answer?: LookupAddress[]) => void;

const REFUSED_IPV4 = '127.0.0.77';

function answer(...addresses: string[]): LookupAddress[] {
  return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

/** A lookup that answers in the next tick. */
function lookupOf(...addresses: string[]) {
  return (
    _host: string,
    options: { all?: boolean },
    done: (...result: unknown[]) => void,
  ): void => {
    const all = answer(...addresses);
    if (options.all) process.nextTick(done, null, all);
    else process.nextTick(done, null, all[0].address, all[0].family);
  };
}

/** A lookup whose answers, one for each family, are given by the test. */
class Resolver {
  readonly asked = new Map<number, Done>();
  private readonly both = new Promise<void>((resolve) => (this.complete = resolve));
  private complete!: () => void;

  readonly lookup = (_host: string, { family }: { family: number }, done: Done): void => {
    this.asked.set(family, done);
    if (this.asked.size === 2) this.complete();
  };

  async ready(): Promise<void> {
    await this.both;
  }

  give(family: 4 | 6, result: Error | string[]): void {
    const done = this.asked.get(family)!;
    if (result instanceof Error) done(result);
    else done(null, answer(...result));
  }
}

function record(socket: Socket): string[] {
  const events: string[] = [];
  for (const name of [
    'lookup',
    'connectionAttempt',
    'connectionAttemptFailed',
    'connectionAttemptTimeout',
  ]) {
    socket.on(name, (...args: unknown[]) => {
      const address = name === 'lookup' ? args[1] : args[0];
      events.push(`${name} ${String(address)}`);
    });
  }
  for (const name of ['connect', 'close'] as const) socket.on(name, () => events.push(name));
  socket.on('error', (error: NodeJS.ErrnoException) => events.push(`error ${error.code}`));
  return events;
}

describeLoopbackNetwork('racing', () => {
  const { net } = uvnet!;
  const scope = new Scope(net);
  let server: Server;
  let port: number;

  beforeEach(async () => {
    server = await scope.listen(scope.server());
    port = portOf(server);
  });
  afterEach(() => scope.dispose());

  const dial = (options: Record<string, unknown>): Socket =>
    scope.connect({ host: 'lab.example', port, ...options } as never);
  const fail = async (socket: Socket): Promise<AggregateError & NodeJS.ErrnoException> => {
    const [error] = await nextEvent(socket, 'error');
    return error as AggregateError & NodeJS.ErrnoException;
  };

  test('an address that is listed twice is tried once', async () => {
    const socket = dial({
      lookup: lookupOf('::1', '::1', REFUSED_IPV4, '127.0.0.1', REFUSED_IPV4),
    });
    const events = record(socket);
    await nextEvent(socket, 'connect');
    expect(events.filter((event) => event.startsWith('connectionAttempt '))).toEqual([
      'connectionAttempt ::1',
      `connectionAttempt ${REFUSED_IPV4}`,
      'connectionAttempt 127.0.0.1',
    ]);
    expect(socket.autoSelectFamilyAttemptedAddresses).toEqual([
      `::1:${port}`,
      `${REFUSED_IPV4}:${port}`,
      `127.0.0.1:${port}`,
    ]);
  });

  test('a single address that is listed twice needs no race', async () => {
    const socket = dial({ lookup: lookupOf(REFUSED_IPV4, REFUSED_IPV4) });
    const error = await fail(socket);
    expect(error.message).toBe(`connect ECONNREFUSED ${REFUSED_IPV4}:${port}`);
    expect(socket.autoSelectFamilyAttemptedAddresses).toBeUndefined();
  });

  test.each([
    [1, ['127.0.0.2', '::1', '127.0.0.3', '127.0.0.4']],
    [2, ['127.0.0.2', '127.0.0.3', '::1', '127.0.0.4']],
    [9, ['127.0.0.2', '127.0.0.3', '127.0.0.4', '::1']],
  ])(
    'firstAddressFamilyCount %d decides how the families take turns',
    async (firstAddressFamilyCount, order) => {
      const lookup = lookupOf('127.0.0.2', '127.0.0.3', '127.0.0.4', '::1');
      const socket = dial({ lookup, firstAddressFamilyCount });
      const error = await fail(socket);
      expect(socket.autoSelectFamilyAttemptedAddresses).toEqual(
        order.map((each) => `${each}:${port}`),
      );
      expect(error.errors).toHaveLength(4);
    },
  );

  test('an AggregateError names each address if all failed', async () => {
    const error = await fail(dial({ lookup: lookupOf('::1', REFUSED_IPV4) }));
    expect(error.name).toBe('AggregateError');
    expect(error.code).toBe('ECONNREFUSED');
    expect(error.message).toBe(
      `All connection attempts failed: ::1:${port} ECONNREFUSED, ${REFUSED_IPV4}:${port} ECONNREFUSED`,
    );
    expect(error.errors.map((each: Error) => each.message)).toEqual([
      `connect ECONNREFUSED ::1:${port}`,
      `connect ECONNREFUSED ${REFUSED_IPV4}:${port}`,
    ]);
  });

  test('blocked addresses are not tried', async () => {
    const blockList = new net.BlockList();
    blockList.addAddress('::1', 'ipv6');
    const socket = dial({ lookup: lookupOf('::1', '127.0.0.1'), blockList });
    const events = record(socket);
    await nextEvent(socket, 'connect');
    expect(events.slice(2)).toEqual([
      'connectionAttemptFailed ::1',
      'connectionAttempt 127.0.0.1',
      'connect',
    ]);
  });

  test.each(['race', 'sequential'])('errors are in the order of attempts (%s)', async (how) => {
    const blockList = new net.BlockList();
    blockList.addAddress('127.0.0.3');
    const lookup = lookupOf('127.0.0.2', '127.0.0.3', '127.0.0.4');
    const error = await fail(dial({ lookup, blockList, autoSelectFamilyStrategy: how }));
    expect(error.code).toBe('ECONNREFUSED');
    expect((error.errors as NodeJS.ErrnoException[]).map(({ code }) => code)).toEqual([
      'ECONNREFUSED',
      'ERR_IP_BLOCKED',
      'ECONNREFUSED',
    ]);
  });

  test('a connect fails if all addresses are blocked', async () => {
    const blockList = new net.BlockList();
    blockList.addAddress('::1', 'ipv6');
    blockList.addSubnet('127.0.0.0', 8);
    const error = await fail(dial({ lookup: lookupOf('::1', '127.0.0.1'), blockList }));
    expect(error.code).toBe('ERR_IP_BLOCKED');
    expect(error.errors).toHaveLength(2);
  });

  test('a local address restricts the race to its family', async () => {
    const asked: unknown[] = [];
    const socket = dial({
      localAddress: '127.0.0.9',
      lookup: (_host: string, options: object, done: Done) => {
        asked.push(options);
        process.nextTick(done, null, answer('::1', REFUSED_IPV4, '127.0.0.1'));
      },
    });
    await nextEvent(socket, 'connect');
    expect(asked).toMatchObject([{ all: true, family: 4 }]);
    expect(socket.localAddress).toBe('127.0.0.9');
    expect(socket.autoSelectFamilyAttemptedAddresses).toEqual([
      `${REFUSED_IPV4}:${port}`,
      `127.0.0.1:${port}`,
    ]);
  });

  test('a local port that is taken fails each attempt', async () => {
    const error = await fail(
      dial({
        lookup: lookupOf(REFUSED_IPV4, '127.0.0.1'),
        localAddress: '127.0.0.1',
        localPort: port,
      }),
    );
    expect(error.errors.map((each: Error) => each.message)).toEqual([
      `bind EADDRINUSE 127.0.0.1:${port}`,
      `bind EADDRINUSE 127.0.0.1:${port}`,
    ]);
  });

  test('connectTimeout includes the lookup', async () => {
    const socket = dial({ connectTimeout: 30, lookup: () => {} });
    const error = await fail(socket);
    expect(error).toMatchObject({
      code: 'ETIMEDOUT',
      syscall: 'connect',
      message: `connect ETIMEDOUT lab.example:${port}`,
    });
  });

  test('connectTimeout ends with the connection', async () => {
    const socket = dial({ connectTimeout: 60_000, host: '127.0.0.1' });
    await nextEvent(socket, 'connect');
    // A timer that was left would keep the process, and fail the check for leaks.
    expect(socket.remoteAddress).toBe('127.0.0.1');
  });

  test.each([
    ['autoSelectFamilyStrategy', 'fastest', 'ERR_INVALID_ARG_VALUE'],
    ['connectConcurrency', 0, 'ERR_OUT_OF_RANGE'],
    ['connectConcurrency', '4', 'ERR_INVALID_ARG_TYPE'],
    ['firstAddressFamilyCount', 0, 'ERR_OUT_OF_RANGE'],
    ['connectTimeout', -1, 'ERR_OUT_OF_RANGE'],
    ['connectTimeout', 1.5, 'ERR_OUT_OF_RANGE'],
    ['dualLookup', 'yes', 'ERR_INVALID_ARG_TYPE'],
  ])('%s: %p is refused', (name, value, code) => {
    expect(() => net.connect({ port, host: '127.0.0.1', [name]: value } as never)).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringContaining(`options.${name}`) as string,
      }),
    );
  });

  describe('dualLookup', () => {
    const dialBoth = (resolver: Resolver): [Socket, string[]] => {
      const socket = dial({ dualLookup: true, lookup: resolver.lookup });
      return [socket, record(socket)];
    };

    test('an IPv6 answer is used at once', async () => {
      const resolver = new Resolver();
      const [socket, events] = dialBoth(resolver);
      await resolver.ready();
      resolver.give(6, ['::1']);
      expect(events).toEqual(['lookup ::1', 'connectionAttempt ::1']);
      resolver.give(4, ['127.0.0.1']);
      await nextEvent(socket, 'connect');
      expect(socket.remoteAddress).toBe('127.0.0.1');
    });

    test('an IPv4 answer waits for the IPv6 answer, which comes first', async () => {
      const resolver = new Resolver();
      const [socket, events] = dialBoth(resolver);
      await resolver.ready();
      resolver.give(4, ['127.0.0.1']);
      expect(events).toEqual(['lookup 127.0.0.1']);
      resolver.give(6, ['::1']);
      expect(events.slice(1)).toEqual(['lookup ::1', 'connectionAttempt ::1']);
      await nextEvent(socket, 'connect');
      expect(events.slice(3)).toEqual([
        'connectionAttemptFailed ::1',
        'connectionAttempt 127.0.0.1',
        'connect',
      ]);
    });

    test('it does not wait for long, and a late answer joins the race', async () => {
      const resolver = new Resolver();
      const [socket, events] = dialBoth(resolver);
      await resolver.ready();
      resolver.give(4, [REFUSED_IPV4]);
      await once(socket, 'connectionAttemptFailed');
      // Nothing is left to try, but an answer is outstanding.
      expect(socket.connecting).toBe(true);
      const late = await scope.listen(scope.server(), { host: '::1', port });
      expect(portOf(late)).toBe(port);
      resolver.give(6, ['::1']);
      await nextEvent(socket, 'connect');
      expect(socket.remoteAddress).toBe('::1');
      expect(events.slice(-3)).toEqual(['lookup ::1', 'connectionAttempt ::1', 'connect']);
    });

    test('one failed lookup causes no error', async () => {
      const resolver = new Resolver();
      const [socket, events] = dialBoth(resolver);
      await resolver.ready();
      resolver.give(4, ['127.0.0.1']);
      resolver.give(6, new Error('no AAAA'));
      await nextEvent(socket, 'connect');
      expect(events).toEqual(['lookup 127.0.0.1', 'connectionAttempt 127.0.0.1', 'connect']);
    });

    test.each([[[6, 4]], [[4, 6]]] as const)(
      'two failed lookups, in order %p, give the error of the IPv4 one',
      async (order) => {
        const resolver = new Resolver();
        const [socket, events] = dialBoth(resolver);
        await resolver.ready();
        for (const family of order) resolver.give(family, new Error(`no IPv${family}`));
        expect(await fail(socket)).toMatchObject({ message: 'no IPv4' });
        expect(events[0]).toBe('lookup undefined');
        expect(events.filter((event) => event.startsWith('lookup'))).toHaveLength(1);
      },
    );

    test('answers after destroy() are ignored', async () => {
      const resolver = new Resolver();
      const [socket, events] = dialBoth(resolver);
      await resolver.ready();
      resolver.give(4, ['127.0.0.1']);
      socket.destroy();
      resolver.give(6, ['::1']);
      await nextEvent(socket, 'close');
      expect(events).toEqual(['lookup 127.0.0.1', 'close']);
    });
  });
});

describeLoopbackNetwork('autoSelectFamilyStrategy: sequential', () => {
  const cases: [string, string[]][] = [
    ['the second address connects', ['::1', '127.0.0.1']],
    ['the first address connects', ['127.0.0.1', '::1']],
    ['none connects', ['::1', REFUSED_IPV4]],
    ['one address', [REFUSED_IPV4]],
  ];
  test.each(cases)('%s has the events and errors of node:net', async (_name, addresses) => {
    const server = reference.net.createServer((socket) => socket.end().resume());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = portOf(server);
    const seen = [];
    for (const { net } of [reference, uvnet!]) {
      const socket = net.connect({
        host: 'lab.example',
        port,
        autoSelectFamily: true,
        autoSelectFamilyStrategy: 'sequential',
        lookup: lookupOf(...addresses),
      } as never);
      const events = record(socket);
      const errors: unknown[] = [];
      socket.on('error', ({ name, message, code, ...rest }: NodeJS.ErrnoException) => {
        const { errors: parts } = rest as { errors?: Error[] };
        errors.push({ name, message, code, parts: parts?.map((part) => part.message) });
      });
      socket.resume();
      await nextEvent(socket, 'close');
      seen.push({ events, errors, tried: socket.autoSelectFamilyAttemptedAddresses });
    }
    server.close();
    expect(seen[1]).toEqual(seen[0]);
  });
});
