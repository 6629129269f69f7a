import { nextEvent, traceEvents } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { Random } from '../helpers/random';
import { transports } from '../helpers/scope';
import { readAll, readBytes } from '../helpers/streams';

describeNet('data', ({ scope }) => {
  describe.each(transports)('over %s', (transport) => {
    test('data of every size arrives whole in both directions', async () => {
      const { client, peer } = await scope.pair({ transport });
      const random = new Random(1);
      for (const size of [1, 2, 63, 64, 65, 4095, 4096, 65535, 65536, 65537, 1_000_003]) {
        const bytes = random.bytes(size);
        for (const [from, to] of [
          [client, peer],
          [peer, client],
        ] as const) {
          const received = readBytes(to, size);
          from.write(bytes);
          expect((await received).equals(bytes)).toBe(true);
        }
      }
    });

    test('an empty write sends nothing and calls its callback', async () => {
      const { client, peer } = await scope.pair({ transport });
      const log: string[] = [];
      traceEvents(log, peer);
      peer.resume();
      await new Promise<void>((resolve) => {
        client.write('', () => resolve());
      });
      await new Promise<void>((resolve) => {
        client.write(Buffer.alloc(0), () => resolve());
      });
      expect(client.bytesWritten).toBe(0);
      const ended = nextEvent(peer, 'end');
      client.end();
      await ended;
      expect(log).toEqual(['end']);
    });
  });

  test('chunks are separate Buffers, which later reads do not change', async () => {
    const { client, peer } = await scope.pair();
    const chunks: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const letter of 'abcdefgh') {
      const came = nextEvent(peer, 'data');
      client.write(letter.repeat(100));
      await came;
    }
    expect(chunks.every((chunk) => Buffer.isBuffer(chunk))).toBe(true);
    expect(Buffer.concat(chunks).toString()).toBe(
      [...'abcdefgh'].map((letter) => letter.repeat(100)).join(''),
    );
  });

  test('a large chunk has memory of its own, which can be transferred', async () => {
    const { client, peer } = await scope.pair();
    const random = new Random(2);
    const sent = random.bytes(4_000_000);
    const chunks: Buffer[] = [];
    let largest = 0;
    peer.on('data', (chunk: Buffer) => {
      chunks.push(Buffer.from(chunk));
      largest = Math.max(largest, chunk.length);
      // As a program does that passes it to a worker. In uvnet, small chunks share memory.
      if (chunk.length <= 2048) return;
      structuredClone(chunk.buffer, { transfer: [chunk.buffer as ArrayBuffer] });
      expect(chunk.length).toBe(0);
    });
    client.end(sent);
    await nextEvent(peer, 'end');
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    expect(largest).toBeLessThanOrEqual(65536);
  });

  test('the bytes of a Buffer are those at the time of the write', async () => {
    // The rule of streams: a buffer must not change until the callback. Bytes that left at once
    // left unchanged.
    const { client, peer } = await scope.pair();
    const buffer = Buffer.from('before');
    const received = readBytes(peer, 6);
    await new Promise<void>((resolve) => {
      client.write(buffer, () => resolve());
    });
    buffer.fill('x');
    expect((await received).toString()).toBe('before');
  });

  test.each([
    ['Uint8Array', new Uint8Array([1, 2, 3]), [1, 2, 3]],
    [
      'a view in the middle of its memory',
      new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4),
      [1, 2, 3],
    ],
    ['Uint8Array over shared memory', new Uint8Array(new SharedArrayBuffer(3)).fill(7), [7, 7, 7]],
  ])('sends a %s', async (_, data, expected) => {
    const { client, peer } = await scope.pair();
    const received = readBytes(peer, expected.length);
    client.write(data);
    expect([...(await received)]).toEqual(expected);
  });

  test('writes from inside data listeners keep their order', async () => {
    const { client, peer } = await scope.pair();
    peer.on('data', (chunk: Buffer) => {
      for (const byte of chunk) peer.write(Buffer.from([byte]));
    });
    peer.on('end', () => peer.end());
    const bytes = new Random(2).bytes(5000);
    const echoed = readAll(client);
    client.end(bytes);
    expect((await echoed).equals(bytes)).toBe(true);
  });

  test('a thousand small writes of one tick arrive in order, and each callback is called', async () => {
    const { client, peer } = await scope.pair();
    const received = readAll(peer);
    const called: number[] = [];
    for (let index = 0; index < 1000; index++) {
      client.write(`${index};`, () => called.push(index));
    }
    client.end();
    expect((await received).toString()).toBe(
      Array.from({ length: 1000 }, (_, index) => `${index};`).join(''),
    );
    expect(called).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  });

  test('callbacks of writes run in a later tick, each before the ticks of the next', async () => {
    const { client, peer } = await scope.pair();
    peer.resume();
    const log: string[] = [];
    client.write('a', () => {
      log.push('callback a');
      process.nextTick(() => log.push('tick of a'));
    });
    log.push('returned');
    process.nextTick(() => log.push('tick'));
    await new Promise<void>((resolve) => {
      client.write('b', () => {
        log.push('callback b');
        resolve();
      });
    });
    expect(log[0]).toBe('returned');
    expect(log.indexOf('callback a')).toBeGreaterThan(log.indexOf('returned'));
    expect(log.indexOf('callback b')).toBeGreaterThan(log.indexOf('callback a'));
  });

  test('data, its ticks and its promises come before the data of the next socket', async () => {
    const server = scope.server();
    await scope.listen(server);
    const first = await scope.join(server);
    const second = await scope.join(server);
    const log: string[] = [];
    const both = Promise.all(
      [first, second].map(({ peer }) => {
        const name = peer === first.peer ? 'first' : 'second';
        return new Promise<void>((resolve) => {
          peer.on('data', () => {
            log.push(`${name} data`);
            process.nextTick(() => log.push(`${name} tick`));
            void Promise.resolve().then(() => {
              log.push(`${name} promise`);
              resolve();
            });
          });
        });
      }),
    );
    // Readable in the same poll of the loop, whichever comes first.
    first.client.write('x');
    second.client.write('x');
    await both;
    for (const at of [0, 3]) {
      const name = log[at]?.split(' ')[0] ?? '';
      expect(log.slice(at, at + 3)).toEqual([`${name} data`, `${name} tick`, `${name} promise`]);
    }
  });
});
