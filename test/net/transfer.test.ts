// Random data each way at the same time, in random chunks, with random pauses:
// every pairing of implementations, every transport. Small by default, 1 GiB
// each way with UVNET_NIGHTLY=1.
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';

import { nextEvent } from '../helpers/events';
import type { Implementation } from '../helpers/implementations';
import { implementations, reference } from '../helpers/implementations';
import { Random } from '../helpers/random';
import type { Transport } from '../helpers/scope';
import { endpointOf, Scope, transports } from '../helpers/scope';

const nightly = process.env.UVNET_NIGHTLY === '1';
const AMOUNT = nightly ? 2 ** 30 : 4 * 2 ** 20;
const TIMEOUT_MS = nightly ? 600_000 : 20_000;
const LARGEST_CHUNK = 300_000;
/** Random bytes are cut from this, at random places: making a GiB of them anew takes too long. */
const pool = new Random(7).bytes(2 ** 20 + LARGEST_CHUNK);

/** Writes `AMOUNT` random bytes as the socket takes them, then ends. */
async function send(socket: Socket, random: Random): Promise<string> {
  const hash = createHash('sha256');
  for (let left = AMOUNT; left > 0;) {
    const length = Math.min(left, random.size(LARGEST_CHUNK));
    const start = random.integer(0, 2 ** 20);
    let chunk = pool.subarray(start, start + length);
    // Now and then as text.
    if (length < 2000 && random.chance(0.3)) {
      chunk = Buffer.from(chunk.toString('latin1'), 'latin1');
    }
    hash.update(chunk);
    left -= length;
    const more = random.chance(0.1)
      ? socket.write(chunk.toString('latin1'), 'latin1')
      : socket.write(chunk);
    if (!more) await nextEvent(socket, 'drain');
  }
  socket.end();
  return hash.digest('hex');
}

/** Reads to the end, with pauses, and tells the hash of it all. */
async function receive(socket: Socket, random: Random): Promise<string> {
  const hash: Hash = createHash('sha256');
  socket.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    if (!random.chance(nightly ? 0.01 : 0.2)) return;
    socket.pause();
    if (random.chance(0.5)) setImmediate(() => socket.resume());
    else process.nextTick(() => socket.resume());
  });
  await nextEvent(socket, 'end');
  return hash.digest('hex');
}

const pairings = implementations.flatMap((server) =>
  implementations.map((client) => [server, client] as const),
);
const named = pairings
  .filter(([server, client]) => server !== reference || client !== reference || !nightly)
  .map(([server, client]) => [server.name, client.name, server, client] as const);

describe.each(named)('%s server, %s client', (_server, _client, serverSide, clientSide) => {
  const serverScope = new Scope(serverSide.net);
  const clientScope = new Scope(clientSide.net);
  afterEach(async () => {
    await clientScope.dispose();
    await serverScope.dispose();
  });

  async function connected(transport: Transport): Promise<[Socket, Socket]> {
    const server = serverScope.server({ allowHalfOpen: true });
    await serverScope.listen(server, serverScope.listenOptions(transport));
    const accepted = nextEvent(server, 'connection');
    const client = clientScope.connect({ ...endpointOf(server), allowHalfOpen: true });
    return [client, (await accepted)[0] as Socket];
  }

  test.each(transports)(
    'bytes pass in both directions at once over %s',
    async (transport) => {
      const [client, peer] = await connected(transport);
      const closed = Promise.all([nextEvent(client, 'close'), nextEvent(peer, 'close')]);
      const [up, down, atServer, atClient] = await Promise.all([
        send(client, new Random(1)),
        send(peer, new Random(2)),
        receive(peer, new Random(3)),
        receive(client, new Random(4)),
      ]);
      expect([atServer, atClient]).toEqual([up, down]);
      expect([client.bytesWritten, client.bytesRead]).toEqual([AMOUNT, AMOUNT]);
      expect([peer.bytesWritten, peer.bytesRead]).toEqual([AMOUNT, AMOUNT]);
      expect(await closed).toEqual([[false], [false]]);
    },
    TIMEOUT_MS,
  );

  test.each(transports)('an echo returns every piece over %s', async (transport) => {
    const [client, peer] = await connected(transport);
    peer.pipe(peer);
    const random = new Random(5);
    const sent = createHash('sha256');
    const received = createHash('sha256');
    client.on('data', (chunk: Buffer) => received.update(chunk));
    const ended = nextEvent(client, 'end');
    for (let round = 0; round < 2000; round++) {
      const piece = random.bytes(random.size(5000));
      sent.update(piece);
      if (!client.write(piece)) await nextEvent(client, 'drain');
    }
    client.end();
    await ended;
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });
});

/** Handles of the whole process, of whichever implementation. */
function openStreams(): number {
  const { libuv } = process.report.getReport() as unknown as {
    libuv: { type: string; fd?: number }[];
  };
  return libuv.filter(({ type, fd }) => (type === 'tcp' || type === 'pipe') && fd !== undefined)
    .length;
}

describe.each(implementations.map((each): [string, Implementation] => [each.name, each]))(
  'many connections (%s)',
  (_, { net }) => {
    const scope = new Scope(net);
    afterEach(() => scope.dispose());

    const open = async (count: number, transport: Transport): Promise<void> => {
      const before = openStreams();
      const server = scope.server((peer) => peer.pipe(peer));
      await scope.listen(server, { ...scope.listenOptions(transport), backlog: 511 });
      const clients: Socket[] = [];
      let accepted = 0;
      server.on('connection', () => accepted++);
      // The kernel's backlog bounds how many may wait to be accepted at once.
      while (clients.length < count) {
        const batch = Array.from({ length: 100 }, () => scope.connect(endpointOf(server)));
        clients.push(...batch);
        await Promise.all(batch.map((client) => nextEvent(client, 'connect')));
        while (accepted < clients.length) await nextEvent(server, 'connection');
      }
      const answers = await Promise.all(
        clients.map(async (client, index) => {
          client.write(`hello from ${index}`);
          const [answer] = await nextEvent(client, 'data');
          return String(answer);
        }),
      );
      expect(answers).toEqual(clients.map((_client, index) => `hello from ${index}`));
      const connections = await new Promise<number>((resolve) => {
        server.getConnections((_error, number) => resolve(number));
      });
      expect(connections).toBe(count);
      expect(openStreams() - before).toBe(2 * count + 1);
      const gone = Promise.all(clients.map((client) => nextEvent(client, 'close')));
      for (const client of clients) client.end();
      await gone;
      const closed = nextEvent(server, 'close');
      server.close();
      await closed;
    };

    test.each(['tcp', 'unix'] as const)(
      '1,000 connections work at the same time over %s',
      async (transport) => {
        const before = openStreams();
        await open(1000, transport);
        await scope.dispose();
        expect(openStreams()).toBe(before);
      },
      60_000,
    );
  },
);
