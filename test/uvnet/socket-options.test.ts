// Every socket option: set through connect(), setOption(), listen() and createServer(), and read back
// from the kernel by another process. node:net has none of this; these cases run on uvnet alone.

import type { Server, Socket } from '../../lib/index';
import type {
  SocketOptionInputs,
  SocketOptionName,
} from '../../lib/internal/options/socket-option-types';
import { socketOptionTable } from '../../lib/internal/options/socket-option-types';
import { errorShape } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { Observer, type Query } from '../helpers/kernel';
import { Scope, endpointOf } from '../helpers/scope';
import { serversOf } from '../helpers/servers';

// The kernel's own numbers, from its documentation and not from our table.
const SOCKET = 1;
const IP = 0;
const TCP = 6;
const IPV6 = 41;

interface OptionCase {
  value: SocketOptionInputs[SocketOptionName];
  /** What the kernel then holds, and where. */
  kernel: number | string;
  at: Query;
  at6?: Query;
  /** What getOption() says, where it is not the value itself. */
  read?: unknown;
  /** Not for sockets that connect. */
  server?: boolean;
  /** What connections of a listener with this option hold; undefined: nothing to do with them. */
  accepted?: unknown;
  root?: boolean;
}

const cases: Partial<Record<SocketOptionName, OptionCase>> = {
  reuseAddr: { value: true, kernel: 1, at: [SOCKET, 2] },
  reusePort: { value: true, kernel: 1, at: [SOCKET, 15] },
  bindToDevice: { value: 'lo', kernel: 'lo', at: [SOCKET, 25], accepted: 'lo' },
  freeBind: { value: true, kernel: 1, at: [IP, 15], at6: [IPV6, 78] },
  transparent: {
    value: true,
    kernel: 1,
    at: [IP, 19],
    at6: [IPV6, 75],
    accepted: true,
    root: true,
  },
  mark: { value: 77, kernel: 77, at: [SOCKET, 36], accepted: 77, root: true },
  typeOfService: {
    value: 'AF41',
    read: 0x88,
    kernel: 0x88,
    at: [IP, 1],
    at6: [IPV6, 67],
    accepted: 0x88,
  },
  priority: { value: 5, kernel: 5, at: [SOCKET, 12], accepted: 5 },
  ttl: { value: 33, kernel: 33, at: [IP, 2], at6: [IPV6, 16], accepted: 33 },
  sendBufferSize: {
    value: 20_000,
    read: 40_000,
    kernel: 40_000,
    at: [SOCKET, 7],
    accepted: 40_000,
  },
  recvBufferSize: {
    value: 30_000,
    read: 60_000,
    kernel: 60_000,
    at: [SOCKET, 8],
    accepted: 60_000,
  },
  // Linux announces what is asked for and reports what is left beside the time stamps.
  maxSegment: { value: 700, read: 688, kernel: 688, at: [TCP, 2], accepted: 688 },
  noDelay: { value: true, kernel: 1, at: [TCP, 1], accepted: true },
  keepAlive: { value: true, kernel: 1, at: [SOCKET, 9], accepted: true },
  keepAliveInitialDelay: { value: 11_000, kernel: 11, at: [TCP, 4] },
  keepAliveInterval: {
    value: 1_500,
    read: 2_000,
    kernel: 2,
    at: [TCP, 5],
    accepted: 2_000,
  },
  keepAliveCount: { value: 4, kernel: 4, at: [TCP, 6], accepted: 4 },
  userTimeout: { value: 4_321, kernel: 4_321, at: [TCP, 18], accepted: 4_321 },
  linger: { value: 0, kernel: 1, at: [SOCKET, 13], accepted: 0 },
  notSentLowWater: { value: 16_384, kernel: 16_384, at: [TCP, 25], accepted: 16_384 },
  congestion: { value: 'reno', kernel: 'reno', at: [TCP, 13], accepted: 'reno' },
  busyPoll: { value: 50, kernel: 50, at: [SOCKET, 46], accepted: 50, root: true },
  incomingCpu: { value: 0, kernel: 0, at: [SOCKET, 49], server: true },
  oobInline: { value: true, kernel: 1, at: [SOCKET, 10], accepted: true },
  // Counted in retransmissions of the handshake: 1 + 2 + 4 seconds.
  deferAccept: { value: 5_000, read: 7_000, kernel: 7, at: [TCP, 9], server: true },
};

/** Those with a case of their own below. */
const elsewhere: SocketOptionName[] = ['multipath', 'ipv6Only', 'fastOpen', 'quickAck'];

const isRoot = process.getuid?.() === 0;
const onLinux = process.platform === 'linux' && uvnet !== undefined;
const describeLinux = onLinux ? describe : describe.skip;

test('every option of the table has a case', () => {
  const covered = [...Object.keys(cases), ...elsewhere].sort();
  expect([...new Set(socketOptionTable.map(({ name }) => name))].sort()).toEqual(covered);
});

describeLinux('socket options', () => {
  const { net } = uvnet!;
  const scope = new Scope(net);
  afterEach(() => scope.dispose());

  let observer: Observer;
  beforeAll(() => {
    observer = new Observer();
  });
  afterAll(() => observer.close());

  async function kernelHolds(endpoint: object, one: OptionCase, ipv6: boolean): Promise<void> {
    const query = ipv6 && one.at6 !== undefined ? one.at6 : one.at;
    const read = typeof one.kernel === 'number' ? 'number' : 'text';
    expect(await observer[read](endpoint, query)).toBe(one.kernel);
  }

  const { pair } = serversOf(scope);

  const named = (Object.entries(cases) as [SocketOptionName, OptionCase][]).filter(
    ([, { root }]) => isRoot || !root,
  );
  const ofClients = named.filter(([, { server }]) => !server);

  describe.each(['tcp', 'tcp6'] as const)('over %s', (transport) => {
    const ipv6 = transport === 'tcp6';

    test.each(ofClients)('%s is set by connect()', async (name, one) => {
      // noDelay and the like are node:net's own, and set as node:net does it.
      const own = name.startsWith('keepAlive') ? { keepAlive: true } : {};
      const { client } = await pair({ ...own, [name]: one.value }, {}, transport);
      expect(client.getOption(name)).toBe(one.read ?? one.value);
      await kernelHolds(client, one, ipv6);
    });

    test.each(ofClients)('%s is kept by setOption() for the connection', async (name, one) => {
      const server = await scope.listen(scope.server(), scope.listenOptions(transport));
      const client = scope.track(new net.Socket()) as Socket;
      client.setOption(name, one.value);
      // As it was given, but for names of traffic classes.
      expect(client.getOption(name)).toBe(name === 'typeOfService' ? one.read : one.value);
      client.connect(endpointOf(server) as { port: number });
      await nextEvent(client, 'connect');
      expect(client.getOption(name)).toBe(one.read ?? one.value);
      await kernelHolds(client, one, ipv6);
    });

    test.each(named.filter(([name]) => !['maxSegment', 'keepAliveInitialDelay'].includes(name)))(
      '%s of listen() is set on listener and connections',
      async (name, one) => {
        const server = scope.server() as Server;
        await scope.listen(server, {
          ...scope.listenOptions(transport),
          [name]: one.value,
        });
        if (one.accepted === undefined || !['noDelay', 'keepAlive'].includes(name)) {
          // priority is for connections; node:net's own options too.
          if (name !== 'priority') {
            expect(server.getOption(name)).toBe(one.read ?? one.value);
            await kernelHolds(server, one, ipv6);
          }
          const { peer } = (await scope.join(server)) as unknown as { peer: Socket };
          if (one.accepted !== undefined) expect(peer.getOption(name)).toBe(one.accepted);
        } else {
          expect(server.getOption(name)).toBe(false);
        }
      },
    );
  });

  test.each(ofClients.filter(([name]) => name !== 'maxSegment' && name !== 'transparent'))(
    '%s can be set on a connection',
    async (name, one) => {
      const { client } = await pair({});
      expect(client.setOption(name, one.value as never)).toBe(client);
      expect(client.getOption(name)).toBe(one.read ?? one.value);
      await kernelHolds(client, one, false);
    },
  );

  test.each(named.filter(([, { accepted }]) => accepted !== undefined))(
    '%s of createServer() is set on connections',
    async (name, one) => {
      const { peer } = await pair({}, { [name]: one.value });
      expect(peer.getOption(name)).toBe(one.accepted);
    },
  );

  test('options of listen() win over those of createServer()', async () => {
    const server = scope.server({ userTimeout: 1_000, keepAliveCount: 3 } as never);
    await scope.listen(server, { port: 0, host: '127.0.0.1', userTimeout: 2_000 } as never);
    const { peer } = (await scope.join(server)) as unknown as { peer: Socket };
    expect(peer.getOption('userTimeout')).toBe(2_000);
    expect(peer.getOption('keepAliveCount')).toBe(3);
  });

  test('keep-alive probes have the requested values, whichever call turns keep-alive on', async () => {
    const options = {
      keepAlive: true,
      keepAliveInitialDelay: 5_000,
      keepAliveInterval: 3_000,
      keepAliveCount: 4,
    };
    const { client, peer } = await pair(options, options);
    for (const end of [client, peer]) {
      expect(end.getOption('keepAlive')).toBe(true);
      expect(end.getOption('keepAliveInitialDelay')).toBe(5_000);
      expect(end.getOption('keepAliveInterval')).toBe(3_000);
      expect(end.getOption('keepAliveCount')).toBe(4);
    }
  });

  test('a server without an address serves both families with its options', async () => {
    const server = scope.server() as Server;
    await scope.listen(server, { port: 0, typeOfService: 'EF' } as never);
    const { port } = server.address() as { port: number };
    for (const host of ['127.0.0.1', '::1']) {
      const accepted = nextEvent(server, 'connection');
      const client = scope.connect({ port, host });
      await nextEvent(client, 'connect');
      const [peer] = (await accepted) as [Socket];
      expect(peer.getOption('typeOfService')).toBe(0xb8);
      expect(await observer.number(peer, [IP, 1])).toBe(0xb8);
    }
  });

  test('ipv6Only can be set and cleared again', async () => {
    for (const ipv6Only of [true, false]) {
      const server = await scope.listen(scope.server(), { port: 0, host: '::', ipv6Only });
      expect((server as Server).getOption('ipv6Only')).toBe(ipv6Only);
      expect(await observer.number(server, [IPV6, 26])).toBe(ipv6Only ? 1 : 0);
    }
  });

  test('fastOpen is a queue for a listener and a flag for a client', async () => {
    const { server, client } = await pair({ fastOpen: true });
    expect(client.getOption('fastOpen')).toBe(true);
    expect(server.getOption('fastOpen')).toBe(0);
    const other = scope.server() as Server;
    await scope.listen(other, { port: 0, host: '127.0.0.1', fastOpen: 9 } as never);
    expect(other.getOption('fastOpen')).toBe(9);
    expect(await observer.number(client, [TCP, 30])).toBe(1);
    expect(await observer.number(other, [TCP, 23])).toBe(9);
  });

  test('quickAck is set on connections, and not for long', async () => {
    const { client, peer } = await pair({ quickAck: false }, { quickAck: false });
    expect(peer.getOption('quickAck')).toBe(false);
    expect(client.getOption('quickAck')).toBe(false);
    client.setOption('quickAck', true);
    expect(client.getOption('quickAck')).toBe(true);
  });

  test('reuseAddr: false leaves an address alone that a connection still has', async () => {
    // TIME_WAIT is such a state, too, but a busy system cuts it short (tcp_max_tw_buckets in tcp(7)).
    const { server } = await pair({});
    const { port } = server.address() as { port: number };
    server.close();

    const strict = scope.server();
    strict.listen({ port, host: '127.0.0.1', reuseAddr: false } as never);
    const [error] = await nextEvent(strict, 'error');
    expect(errorShape(error)).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' });
    const lax = await scope.listen(scope.server(), { port, host: '127.0.0.1' });
    expect(lax.listening).toBe(true);
  });

  test('linger: 0 turns a close into a reset', async () => {
    const { client, peer } = await pair({ linger: 0 });
    const failed = nextEvent(peer, 'error');
    peer.resume();
    client.destroy();
    expect(errorShape((await failed)[0])).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  });

  test('a Unix socket has the requested buffer sizes', async () => {
    const { client, peer } = await pair(
      { sendBufferSize: 20_000 },
      { recvBufferSize: 30_000 },
      'unix',
    );
    expect(client.getOption('sendBufferSize')).toBe(40_000);
    expect(peer.getOption('recvBufferSize')).toBe(60_000);
    client.setOption('recvBufferSize', 25_000);
    expect(client.getOption('recvBufferSize')).toBe(50_000);
  });

  test('options set while connecting are set on the connection', async () => {
    const server = await scope.listen(scope.server());
    const client = scope.connect(endpointOf(server)) as Socket;
    client.setOption('userTimeout', 3_000);
    expect(client.getOption('userTimeout')).toBe(3_000);
    await nextEvent(client, 'connect');
    expect(client.getOption('userTimeout')).toBe(3_000);
    expect(await observer.number(client, [TCP, 18])).toBe(3_000);
  });

  test('options are set on the one of several addresses that connects', async () => {
    const server = await scope.listen(scope.server());
    const { port } = server.address() as { port: number };
    const client = scope.connect({
      port,
      host: 'two.test',
      autoSelectFamily: true,
      lookup: (_name: string, _options: object, callback: (...args: unknown[]) => void) =>
        callback(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ]),
      userTimeout: 2_500,
    } as never) as Socket;
    await nextEvent(client, 'connect');
    expect(client.remoteAddress).toBe('127.0.0.1');
    expect(client.getOption('userTimeout')).toBe(2_500);
  });

  test('setNoDelay() and the like are not misled by setOption()', async () => {
    const { client } = await pair({ noDelay: true, keepAlive: true });
    client.setOption('noDelay', false);
    client.setNoDelay(true);
    expect(client.getOption('noDelay')).toBe(true);
    client.setOption('keepAlive', false);
    client.setKeepAlive(true, 5_000);
    expect(client.getOption('keepAlive')).toBe(true);
    client.setOption('keepAliveInitialDelay', 9_000);
    client.setKeepAlive(true, 5_000);
    expect(client.getOption('keepAliveInitialDelay')).toBe(5_000);
    client.setOption('typeOfService', 'EF');
    expect(client.getTypeOfService()).toBe(0xb8);
  });

  describe('multipath', () => {
    test('is in use only if both ends request it', async () => {
      const both = scope.server() as Server;
      await scope.listen(both, { port: 0, host: '127.0.0.1', multipath: true } as never);
      expect(both.getOption('multipath')).toBe(true);
      const joined = (await scope.join(both, { multipath: true } as never)) as never;
      const { client, peer } = joined as { client: Socket; peer: Socket };
      expect(client.getOption('multipath')).toBe(true);
      expect(peer.getOption('multipath')).toBe(true);
      expect(await observer.number(client, [SOCKET, 38])).toBe(262);
      client.end('over several paths');
      const [chunk] = await nextEvent(peer, 'data');
      expect(String(chunk)).toBe('over several paths');

      const { client: alone } = await pair({ multipath: true });
      expect(alone.getOption('multipath')).toBe(false);
      const { client: plain } = await pair({});
      expect(plain.getOption('multipath')).toBe(false);
    });
  });
});
