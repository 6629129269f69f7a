// Writes: their order, back-pressure, and data that the kernel refuses.
import { constants } from 'node:buffer';
import { createHash } from 'node:crypto';

import { deferred, nextEvent, nextTurn } from '../helpers/events';
import { lean, LeanScope, receiveAll, type Connection } from '../helpers/lean';
import { Random } from '../helpers/random';

const sha = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

describe('writing', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  async function serve(write: (connection: Connection) => void, options = {}): Promise<Buffer> {
    const server = await scope.listen({ open: write }, options);
    return receiveAll(await scope.client(server));
  }

  test('texts and bytes of all sizes arrive in order', async () => {
    const random = new Random(7);
    const expected: Buffer[] = [];
    const all = await serve((connection) => {
      for (let i = 0; i < 200; i += 1) {
        const bytes = random.bytes(random.size(60_000));
        if (random.chance(0.3)) {
          const encoding = random.pick(['utf8', 'latin1', 'hex', 'utf16le'] as const);
          const text = bytes.toString(encoding);
          expected.push(Buffer.from(text, encoding));
          connection.write(text, encoding);
        } else {
          expected.push(bytes);
          connection.write(bytes);
        }
      }
      connection.end('done');
      expected.push(Buffer.from('done'));
    });
    expect(sha(all)).toBe(sha(Buffer.concat(expected)));
  });

  test('writev() sends its pieces and skips empty ones', async () => {
    const large = Buffer.alloc(20_000, 'l');
    const all = await serve((connection) => {
      connection.write('a');
      connection.writev(['b', Buffer.from('c'), '', Buffer.alloc(0)]);
      connection.write('');
      connection.writev([large, 'd']);
      connection.end();
    });
    expect(all.toString()).toBe(`abc${large.toString()}d`);
  });

  test('writes outside of handlers keep their order', async () => {
    const all = await serve((connection) => {
      setImmediate(() => {
        connection.write('1');
        connection.write(Buffer.alloc(10_000, '2'));
        connection.write('3');
        process.nextTick(() => {
          connection.write('4');
          void Promise.resolve().then(() => connection.end('5'));
        });
      });
    });
    expect(all.toString()).toBe(`1${'2'.repeat(10_000)}345`);
  });

  test('cork() holds back writes over turns, until uncork() was called as often or the connection ends', async () => {
    const seen: string[] = [];
    const opened = deferred<Connection>();
    const server = await scope.listen({ open: (connection) => opened.resolve(connection) });
    const client = await scope.client(server);
    client.on('data', (chunk) => seen.push(String(chunk)));
    const connection = await opened.promise;
    connection.cork();
    connection.cork();
    const bytes = Buffer.from('b');
    connection.write('a');
    connection.write(bytes);
    bytes.fill('?');
    connection.writev(['c', 'd']);
    expect(connection.writableLength).toBe(4);
    expect(connection.tryWrite(Buffer.from('no'))).toBe(0);
    connection.uncork();
    await new Promise((resolve) => setImmediate(resolve));
    expect(connection.bytesWritten).toBe(0);
    connection.uncork();
    connection.uncork();
    await nextEvent(client, 'data');
    expect(seen).toEqual(['abcd']);
    connection.cork();
    connection.write('e');
    connection.end('f');
    await nextEvent(client, 'end');
    expect(seen.join('')).toBe('abcdef');
    expect(() => connection.write('g')).toThrow('write after end');
    connection.cork();
    connection.uncork();
  });

  test('`drain` follows uncork() if a write was refused before', async () => {
    const opened = deferred<Connection>();
    const drained = deferred<number>();
    const server = await scope.listen(
      {
        open: (connection) => opened.resolve(connection),
        drain: (connection) => drained.resolve(connection.writableLength),
      },
      { highWaterMark: 10 },
    );
    (await scope.client(server)).resume();
    const connection = await opened.promise;
    connection.cork();
    expect(connection.write('0123456789')).toBe(true);
    expect(connection.write('+')).toBe(false);
    connection.uncork();
    expect(await drained.promise).toBe(0);
  });

  test.each([
    ['small writes', 1000],
    ['large ones', 100_000],
  ])('%s wait for `drain` while the peer does not read', async (_, size) => {
    const TOTAL = 40_000_000;
    const random = new Random(size);
    const chunk = random.bytes(size);
    const sent = createHash('sha1');
    let written = 0;
    let refused = 0;
    const fill = (connection: Connection): void => {
      while (written < TOTAL) {
        written += size;
        sent.update(chunk);
        if (!connection.write(chunk)) {
          refused += 1;
          return;
        }
      }
      connection.end();
    };
    const server = await scope.listen({ open: fill, drain: fill });
    const client = await scope.client(server);
    client.pause();
    const received = createHash('sha1');
    let bytes = 0;
    // Starts when the server has got its first refusal.
    while (refused === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBeLessThan(TOTAL);
    client.on('data', (piece: Buffer) => {
      received.update(piece);
      bytes += piece.length;
    });
    client.resume();
    await nextEvent(client, 'end');
    expect(bytes).toBe(written);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  test('tryWrite() keeps no data', async () => {
    const taken = deferred<[number, number]>();
    const server = await scope.listen({
      open(connection) {
        const bytes = Buffer.alloc(32 * 1024 * 1024);
        const first = connection.tryWrite(bytes);
        taken.resolve([first, connection.tryWrite(bytes)]);
        connection.end();
      },
    });
    const client = await scope.client(server);
    const all = await receiveAll(client);
    const [first, second] = await taken.promise;
    expect(first).toBeGreaterThan(0);
    expect(first + second).toBe(all.length);
  });

  test('a write after end() is an error', async () => {
    const outcome = deferred<unknown>();
    await serve((connection) => {
      connection.end('x');
      try {
        connection.write('y');
      } catch (error) {
        outcome.resolve(error);
      }
    });
    expect(await outcome.promise).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
  });

  test('values other than text and bytes are refused', async () => {
    const outcome = deferred<unknown>();
    await serve((connection) => {
      try {
        connection.write(1 as never);
      } catch (error) {
        outcome.resolve(error);
      }
      connection.end();
    });
    expect(await outcome.promise).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('a lost peer is reported as an error of `close`', async () => {
    const outcome = deferred<Error | undefined>();
    const server = await scope.listen({
      open(connection) {
        connection.pause();
        const go = (): void => {
          if (!connection.isOpen) return;
          connection.write('x');
          setImmediate(go);
        };
        go();
      },
      close: (_, error) => outcome.resolve(error),
    });
    const client = await scope.client(server);
    client.resetAndDestroy();
    expect((await outcome.promise)?.message).toMatch(/^write (EPIPE|ECONNRESET)$/);
  });

  test('end() before the peer ends leaves the connection half open', async () => {
    const rest = deferred<string>();
    const server = await scope.listen(
      {
        open: (connection) => connection.end('over'),
        data: (_, bytes) => rest.resolve(bytes.toString()),
      },
      {},
    );
    const client = await scope.client(server, { allowHalfOpen: true });
    const closed = nextEvent(client, 'close');
    const [over] = await nextEvent(client, 'data');
    expect(String(over)).toBe('over');
    await nextEvent(client, 'end');
    client.end('answer');
    expect(await rest.promise).toBe('answer');
    await closed;
  });

  test('with allowHalfOpen the peer may end first', async () => {
    const server = await scope.listen(
      { end: (connection) => setImmediate(() => connection.end('later')) },
      { allowHalfOpen: true },
    );
    const client = await scope.client(server);
    client.end();
    expect((await receiveAll(client)).toString()).toBe('later');
  });

  test.each([
    ['small', 10],
    ['large', 100_000],
  ])(
    'broadcast() of %s data reaches all, after the data that was written before',
    async (_, size) => {
      const members = new Set<Connection>();
      const ready = deferred();
      const server = await scope.listen({
        open(connection) {
          members.add(connection);
          if (members.size === 5) ready.resolve();
        },
      });
      const clients = await Promise.all([1, 2, 3, 4, 5].map(() => scope.client(server)));
      await ready.promise;
      const [first] = members;
      for (const member of members) member.write('before ');
      lean.broadcast(members, 'é'.repeat(size));
      for (const member of members) member.end(' after');
      lean.broadcast([first!], 'not any more');
      for (const client of clients) {
        expect((await receiveAll(client)).toString()).toBe(`before ${'é'.repeat(size)} after`);
      }
    },
  );

  test('broadcast() to receivers that do not read waits for them', async () => {
    const members: Connection[] = [];
    const drained = deferred<Connection>();
    const ready = deferred();
    const server = await scope.listen({
      open(connection) {
        members.push(connection);
        ready.resolve();
      },
      drain: (connection) => drained.resolve(connection),
    });
    const client = await scope.client(server);
    await ready.promise;
    const data = Buffer.alloc(16 * 1024 * 1024, 'p');
    lean.broadcast(members, data);
    members[0]!.write('end');
    let bytes = 0;
    client.on('data', (piece: Buffer) => (bytes += piece.length));
    expect(await drained.promise).toBe(members[0]);
    members[0]!.end();
    await nextEvent(client, 'end');
    expect(bytes).toBe(data.length + 3);
  });

  const huge = constants.MAX_LENGTH > 2 ** 32 ? test : test.skip;
  huge('more than 4 GiB wait whole (Node 22 on has such Buffers)', async () => {
    const opened = deferred<Connection>();
    const server = await scope.listen({ open: opened.resolve });
    (await scope.client(server)).pause();
    const connection = await opened.promise;
    // Most of it is never touched: neither memory nor time.
    const data = Buffer.allocUnsafeSlow(2 ** 32 + 5);
    expect(connection.write(data)).toBe(false);
    const waiting = connection.writableLength;
    expect(waiting).toBeGreaterThan(2 ** 32 - 2 ** 26);
    connection.write('end');
    await nextTurn();
    expect(connection.writableLength).toBeGreaterThan(2 ** 32 - 2 ** 26);
    expect(connection.isOpen).toBe(true);
    connection.destroy();
  });

  test('more than 2 GiB wait whole, by write() and writev()', async () => {
    const opened = deferred<Connection>();
    const server = await scope.listen({ open: opened.resolve });
    (await scope.client(server)).pause();
    const connection = await opened.promise;
    // Most of it is never touched: neither memory nor time.
    const data = Buffer.allocUnsafeSlow(2 ** 31 + 5);
    const taken = connection.tryWrite(data);
    expect(connection.write(data)).toBe(false);
    expect(connection.writev(['text', data])).toBe(false);
    expect(taken + connection.writableLength).toBeGreaterThan(2 ** 32 - 2 ** 26);
    connection.destroy();
  });
});
