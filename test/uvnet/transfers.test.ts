// Every kind of transfer of a connection, from every state.
import { nextEvent, nextTurn } from '../helpers/events';
import { cut, End, numbered, type Move } from '../helpers/ends';
import { StreamOwner } from '../helpers/owners';
import { Random } from '../helpers/random';
import { lean } from '../helpers/relaying';
import { endpointOf, type Transport } from '../helpers/scope';
import { readAll } from '../helpers/streams';
import { describeUvnet } from '../helpers/uvnet';

type Socket = import('../../lib/index').Socket;

/** More than the kernel's buffers of both sides. */
const MUCH = 12 * 1024 * 1024;
const PIECE = 1024 * 1024;

describeUvnet('a connection that is transferred', ({ net, scope }) => {
  async function ends(transport: Transport): Promise<[End, End]> {
    const open = async (): Promise<[Socket, Socket]> => {
      const half = { allowHalfOpen: true };
      const pair = await scope.pair({ transport, server: half, client: half });
      return [pair.client, pair.peer] as never;
    };
    const pairs = [await open()];
    const options = {
      net,
      random: new Random(7),
      transport,
      cutting: false,
      receiveDescriptors: false,
      pair: open,
      pairs,
    };
    const both = [new End('this end', options), new End('the other end', options)] as const;
    const sockets = await open();
    both.forEach((end, index) => (end.owner = new StreamOwner(end, sockets[index])));
    return [both[0], both[1]];
  }

  /** Whom a move leads away from. */
  const before: Record<Move, (end: End) => void> = {
    toNode: () => {},
    toLean: () => {},
    thread: () => {},
    relay: () => {},
    fromNode: (end) => void end.move('toNode'),
    toSocket: (end) => void end.move('toLean'),
  };

  const states: Record<string, (end: End, other: End, move: () => void) => Promise<void> | void> = {
    'at rest': (_end, _other, move) => move(),
    corked(end, _other, move) {
      end.owner.cork();
      end.write(100, false);
      end.write(20_000, false);
      move();
    },
    'with writes of the same turn'(end, _other, move) {
      for (let count = 0; count < 20; count++) end.write(50, false);
      move();
    },
    async 'with much that waits in the native code, and its callbacks'(end, other, move) {
      other.owner.pause();
      for (let total = 0; total < MUCH; total += PIECE) end.write(PIECE, true);
      await nextTurn();
      move();
      other.owner.resume();
    },
    async 'paused, with bytes that were read'(end, other, move) {
      end.owner.pause();
      for (let count = 0; count < 5; count++) {
        other.write(3000, false);
        await nextTurn();
      }
      move();
    },
    async 'in the middle of what it delivers'(end, other, move) {
      end.owner.pause();
      for (let count = 0; count < 5; count++) {
        other.write(700, false);
        await nextTurn();
      }
      const moved = new Promise<void>((resolve) => {
        end.armed = () => {
          move();
          resolve();
        };
      });
      end.owner.resume();
      await moved;
    },
    async 'from the callback of a write'(end, _other, move) {
      const moved = new Promise<void>((resolve) => {
        end.armed = () => {
          move();
          resolve();
        };
      });
      end.write(100, true);
      end.write(200, false);
      await moved;
    },
    async 'that its peer has ended'(end, other, move) {
      other.write(500, false);
      other.finish();
      await end.over;
      move();
    },
    'that was ended, with bytes that wait'(end, _other, move) {
      for (let total = 0; total < MUCH; total += PIECE) end.write(PIECE, false);
      end.finish();
      move();
    },
    'that was ended, and then corked, with bytes that wait'(end, _other, move) {
      for (let total = 0; total < MUCH; total += PIECE) end.write(PIECE, true);
      end.finish();
      end.owner.cork();
      move();
    },
    'that its peer has just reset'(end, other, move) {
      other.write(700, false);
      end.write(700, true);
      cut(other, end);
      // Nobody has told it yet.
      move();
    },
    'that was reset'(end, other, move) {
      end.write(700, true);
      cut(end, other);
      move();
    },
  };

  const moves: Move[] = ['toNode', 'fromNode', 'toLean', 'toSocket', 'thread', 'relay'];
  const rows = moves.flatMap((move) => Object.keys(states).map((state) => [move, state] as const));

  describe.each(['tcp', 'unix'] as const)('over %s', (transport) => {
    test.each(rows)('%s takes a connection %s', async (how, state) => {
      const [end, other] = await ends(transport);
      before[how](end);
      // Where it is refused, nothing has changed.
      await states[state](end, other, () => void end.move(how));
      for (const each of [end, other]) {
        if (!each.finished) each.write(10_000, false);
        each.owner.uncork();
        each.owner.resume();
      }
      await nextTurn();
      for (const each of [end, other]) each.finish();
      if (!end.cut) await Promise.all([end.over, other.over]);
      for (const each of [end, other]) expect(each.report()).toContain('well');
      if (!end.cut) expect([end.received, other.received]).toEqual([other.sent, end.sent]);
      await Promise.all([...end.closing, ...other.closing]);
      for (const each of [end, other]) expect(each.report()).toContain('well');
      expect([end.told, other.told]).toEqual([end.writes, other.writes]);
    });
  });

  test('TLS over toNode() sends after the bytes in the native queue', async () => {
    const { client, peer } = await scope.pair();
    const table = (peer as Socket).toLean({});
    table.write(numbered(0, PIECE));
    for (let at = PIECE; at < MUCH; at += PIECE) table.write(numbered(at, PIECE));
    const there = scope.track(table.toSocket().toNode());
    // As TLS does: past the stream.
    expect(there.writableLength).toBeGreaterThan(0);
    there.end(numbered(MUCH, 5));
    const all = await readAll(client);
    expect(all.length).toBe(MUCH + 5);
  });

  test('the callback of end() is called when the new owner has ended', async () => {
    const { client, peer } = await scope.pair();
    const log: string[] = [];
    peer.write(Buffer.alloc(MUCH));
    peer.end('last', () => log.push('ended'));
    peer.on('finish', () => log.push('finish'));
    const closed = nextEvent(peer, 'close');
    scope.track((peer as Socket).toNode());
    expect(log).toEqual([]);
    expect((await readAll(client)).length).toBe(MUCH + 4);
    await closed;
    expect(log.sort()).toEqual(['ended', 'finish']);
  });

  test('a socket that receives descriptors is refused by a handler table', async () => {
    const sockets = { receiveDescriptors: true } as never;
    const { peer } = await scope.pair({ transport: 'unix', server: sockets });
    expect(() => (peer as Socket).toLean({})).toThrow('receive descriptors');
    expect(peer.destroyed).toBe(false);
    expect(() => lean.connect({ path: '/nowhere', receiveDescriptors: true }, {})).toThrow(
      'receiveDescriptors',
    );
  });

  test('an unfit side is found before a connection becomes a socket', async () => {
    const { peer } = await scope.pair();
    const connection = (peer as Socket).toLean({});
    const dead = new net.Socket();
    dead.destroy();
    await expect(lean.relay(connection, dead)).rejects.toMatchObject({
      code: 'ERR_SOCKET_CLOSED',
      side: 'b',
    });
    await expect(lean.relay(connection, connection)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    });
    expect(connection.isOpen).toBe(true);
    connection.destroy();
  });

  test.each(['detach', 'toNode'] as const)(
    '%s() in the event of a descriptor transfers the bytes that came with it',
    async (how) => {
      const sockets = { receiveDescriptors: true } as never;
      const { client, peer } = await scope.pair({ transport: 'unix', server: sockets });
      const text = new Promise<string>((resolve) => {
        peer.on('data', () => resolve('the old socket'));
        peer.on('descriptor', () => {
          const old = peer as Socket;
          const moved = how === 'toNode' ? old.toNode() : net.Socket.attach(old.detach());
          void readAll(scope.track(moved)).then((bytes) => resolve(bytes.toString()));
        });
      });
      (client as Socket).sendDescriptor('with it', 0);
      client.end();
      expect(await text).toBe('with it');
    },
  );

  test('wrong options of toSocket() leave the descriptor with its event', async () => {
    const { client, peer } = await scope.pair({
      transport: 'unix',
      server: { receiveDescriptors: true } as never,
    });
    const passed = nextEvent(peer, 'descriptor');
    const taken: unknown[] = [];
    peer.on('descriptor', (handle: import('../../lib/index').ReceivedDescriptor) => {
      const { fd } = handle;
      for (const options of [{ blockList: 'x' }, { signal: 1 }, { typeOfService: 'x' }]) {
        expect(() => handle.toSocket(options as never)).toThrow(TypeError);
        taken.push(handle.fd === fd);
      }
      const buffer = (): never => {
        throw new Error('no buffer');
      };
      expect(() => handle.toSocket({ onread: { buffer, callback: () => true } })).toThrow(
        'no buffer',
      );
      taken.push(handle.fd);
    });
    (client as Socket).sendDescriptor('x', client);
    await passed;
    // The last one was taken, and is closed with the socket that could not be made.
    expect(taken).toEqual([true, true, true, -1]);
  });

  test('the limits and lists of a server are transferred with it', async () => {
    const connected = async (server: import('node:net').Server): Promise<string> => {
      const socket = scope.connect(endpointOf(server));
      socket.on('error', () => {});
      socket.write('PROXY TCP4 6.6.6.6 1.1.1.1 1 2\r\n');
      return (await readAll(socket)).toString();
    };
    const loopback = new net.BlockList();
    loopback.addSubnet('127.0.0.0', 8);
    const elsewhere = new net.BlockList();
    elsewhere.addAddress('10.1.2.3');
    const protections = [
      { blockList: loopback },
      { proxyProtocol: 'required' as const, trustedProxies: elsewhere },
    ];
    for (const options of protections) {
      const server = scope.server(options as never) as import('../../lib/index').Server;
      await scope.listen(server);
      const attached = scope.trackServer(
        net.Server.attach(structuredClone(server.detach()), (socket) => socket.end('let in')),
      );
      await nextEvent(attached, 'listening');
      expect(await connected(attached)).toBe('');
    }
  });

  const departures: [string, (from: Socket, other: Socket) => unknown][] = [
    ['detach', (from) => from.detach()],
    ['toNode', (from) => from.toNode()],
    ['toLean', (from) => from.toLean({})],
    ['fromNode', (from) => net.Socket.fromNode(from)],
    ['relay', (from, other) => lean.relay(from, other)],
  ];

  test.each(departures)(
    '%s() is refused in the callback of a write that has failed',
    async (how, move) => {
      const { client, peer } = await scope.pair();
      const other = (await scope.pair()).client as Socket;
      const from = scope.track(how === 'fromNode' ? (peer as Socket).toNode() : peer);
      from.on('error', () => {});
      const closed = nextEvent(from, 'close');
      const moved = new Promise((resolve, reject) => {
        from.write('', () => {
          // Before the reset is read.
          from.pause();
          (client as Socket).resetAndDestroy();
          from.write('x', (error) => {
            if (!error) reject(new Error('written'));
            new Promise((done) => done(move(from as Socket, other))).then(resolve, reject);
          });
        });
      });
      await expect(moved).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
      expect(await closed).toEqual([true]);
      expect(other.destroyed).toBe(false);
    },
  );

  test('a side that cannot be read is not relayed', async () => {
    const { client, peer } = await scope.pair();
    const blind = new net.Socket({ readable: false } as never);
    await expect(lean.relay(peer as Socket, blind)).rejects.toMatchObject({
      code: 'ERR_INVALID_STATE',
    });
    expect(client.destroyed || peer.destroyed).toBe(false);
  });

  test('events after the thousandth of a delivery are transferred', async () => {
    const half = { allowHalfOpen: true };
    const one = await scope.pair({ server: half, client: half });
    const two = await scope.pair({ server: half, client: half });
    one.peer.pause();
    one.client.write('x');
    while (one.peer.readableLength === 0) {
      one.peer.read(0);
      await nextTurn();
    }
    let early = '';
    const table = (two.peer as Socket).toLean({ data: (_, bytes) => (early += bytes.toString()) });
    table.pause();
    two.client.write('noted late');
    for (let turns = 0; turns < 5; turns++) await nextTurn();
    const moved = new Promise<Socket>((resolve) => {
      // Before the loop looks what has arrived.
      setTimeout(() => {
        const full = (one.peer as Socket).toLean({ data: () => resolve(table.toSocket()) });
        for (let events = 0; events < 1100; events++) {
          full.pause();
          full.resume();
        }
        table.resume();
      }, 0);
    });
    const rest = scope.track(await moved);
    two.client.end();
    expect(early + (await readAll(rest)).toString()).toBe('noted late');
    expect(early).toBe('');
    one.client.end();
  });

  test('a corked socket is relayed', async () => {
    const half = { allowHalfOpen: true };
    const one = await scope.pair({ server: half, client: half });
    const two = await scope.pair({ server: half, client: half });
    one.peer.cork();
    one.peer.write('held back, ');
    const result = lean.relay(one.peer as Socket, two.client as Socket);
    two.peer.end('then relayed');
    one.client.end();
    expect((await readAll(one.client)).toString()).toBe('held back, then relayed');
    await result;
  });
});
