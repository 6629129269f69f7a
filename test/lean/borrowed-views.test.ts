// Compares borrowed views on random streams with a model, byte by byte. Each connection sends bytes
// of its own, and its handler must see nothing else. UVNET_SEED: the first seed.
import { deferred } from '../helpers/events';
import { LeanScope, type Connection, type ListenOptions } from '../helpers/lean';
import { Random } from '../helpers/random';

type Framing = NonNullable<ListenOptions['framing']>;

const CONNECTIONS = 8;
const MESSAGES = 400;
const seed = Number(process.env['UVNET_SEED'] ?? Date.now() % 2 ** 31);

/** The messages of one connection. The first message, of one byte, identifies it. */
function messagesOf(random: Random, index: number, framing: Framing | undefined): Buffer[] {
  const messages = [Buffer.from([0x80 | index])];
  while (messages.length < MESSAGES) {
    // Small sizes often, since views of the same size at the same place are what can be mistaken.
    const size = random.chance(0.8) ? random.integer(0, 9) : random.size(3000);
    const bytes = random.bytes(framing?.type === 'fixed' ? framing.size : size);
    // No delimiter within.
    messages.push(Buffer.from(bytes.map((byte) => byte | 0x80)));
  }
  if (framing?.type === 'fixed') messages[0] = Buffer.alloc(framing.size, 0x80 | index);
  return messages;
}

function onTheWire(message: Buffer, framing: Framing | undefined): Buffer {
  if (framing?.type === 'delimiter') return Buffer.concat([message, Buffer.from('\n')]);
  if (framing?.type !== 'length') return message;
  const header = Buffer.alloc(2);
  header.writeUInt16BE(message.length);
  return Buffer.concat([header, message]);
}

describe('borrowed views', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  const kinds: [string, Framing | undefined][] = [
    ['lines', { type: 'delimiter' }],
    ['lengths', { type: 'length', bytes: 2 }],
    ['messages of three bytes', { type: 'fixed', size: 3 }],
    ['bytes as they come', undefined],
  ];
  test.each(kinds)(
    'views of %s show only the bytes of their own connection',
    async (_, framing) => {
      const random = new Random(seed);
      const sent = Array.from({ length: CONNECTIONS }, (_value, index) =>
        messagesOf(random, index, framing),
      );
      const streams = sent.map((messages) =>
        Buffer.concat(messages.map((message) => onTheWire(message, framing))),
      );
      // Per connection: which one it is, and how much of it has come (messages, or bytes).
      const places = new Map<Connection, { index: number; next: number }>();
      const wrong: string[] = [];
      let open = CONNECTIONS;
      const done = deferred();

      function check(connection: Connection, bytes: Buffer): void {
        let place = places.get(connection);
        if (place === undefined) {
          places.set(connection, (place = { index: bytes[0] & 0x7f, next: 0 }));
        }
        const { index, next } = place;
        const expected =
          framing === undefined
            ? streams[index].subarray(next, next + bytes.length)
            : sent[index][next];
        place.next += framing === undefined ? bytes.length : 1;
        if (expected !== undefined && bytes.equals(expected)) return;
        wrong.push(`seed ${seed}, connection ${index}, at ${next}: ${bytes.toString('hex')}`);
      }

      const server = await scope.listen(
        {
          data: check,
          close() {
            open -= 1;
            if (open === 0) done.resolve();
          },
        },
        { borrow: true, ...(framing === undefined ? {} : { framing }) },
      );
      const clients = await Promise.all(streams.map(() => scope.client(server, { noDelay: true })));
      const at = streams.map(() => 0);
      for (let left = CONNECTIONS; left > 0;) {
        // Several connections write in one turn, so that their bytes lie side by side.
        for (let writes = random.integer(1, 2 * CONNECTIONS); writes > 0; writes -= 1) {
          const index = random.integer(0, CONNECTIONS - 1);
          if (at[index] === streams[index].length) continue;
          const end = at[index] + random.size(random.chance(0.1) ? 100_000 : 40);
          clients[index].write(streams[index].subarray(at[index], end));
          at[index] = Math.min(end, streams[index].length);
          if (at[index] < streams[index].length) continue;
          clients[index].resume().end();
          left -= 1;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await done.promise;
      expect(wrong.slice(0, 5)).toEqual([]);
      const counts = [...places.values()].sort((a, b) => a.index - b.index);
      expect(counts).toEqual(
        sent.map((messages, index) => ({
          index,
          next: framing === undefined ? streams[index].length : messages.length,
        })),
      );
    },
  );
});
