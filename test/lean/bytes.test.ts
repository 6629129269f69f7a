// The bytes that handlers get: their own, or borrowed.
import { runChild } from '../helpers/child';
import { deferred } from '../helpers/events';
import { leanEntry, LeanScope } from '../helpers/lean';
import { Random } from '../helpers/random';

describe('bytes', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  test.each([false, true])('arrive as they were sent (borrow: %s)', async (borrow) => {
    const random = new Random(3);
    const sent = random.bytes(3_000_000);
    const received: Buffer[] = [];
    const done = deferred();
    const server = await scope.listen(
      {
        data: (_, bytes) => received.push(borrow ? Buffer.from(bytes) : bytes),
        close: () => done.resolve(),
      },
      { borrow },
    );
    const client = await scope.client(server);
    for (let at = 0; at < sent.length;) {
      const end = at + random.size(300_000);
      client.write(sent.subarray(at, end));
      at = end;
    }
    client.resume().end();
    await done.promise;
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });

  test('a handler may keep its own bytes, and small ones hold little memory', async () => {
    const kept: Buffer[] = [];
    const server = await scope.listen({
      data(connection, bytes) {
        kept.push(bytes);
        connection.write('.');
      },
    });
    const client = await scope.client(server, { noDelay: true });
    for (let i = 0; i < 300; i += 1) {
      client.write(`message ${i}`);
      await new Promise((resolve) => client.once('data', resolve));
    }
    expect(kept.map(String)).toEqual(Array.from({ length: 300 }, (_, i) => `message ${i}`));
    for (const bytes of kept) {
      expect(bytes.buffer.byteLength).toBeLessThanOrEqual(8192);
      expect(bytes.byteOffset % 8).toBe(0);
    }
  });

  test('borrowed bytes can be written back, with and without room for them', async () => {
    const server = await scope.listen(
      { data: (connection, bytes) => void connection.write(bytes) },
      { borrow: true },
    );
    const client = await scope.client(server);
    // More than the kernel's buffers hold, with an odd period, so that misplaced bytes are noticed.
    const sent = Buffer.alloc(8_000_000, new Random(5).bytes(99_991));
    client.end(sent);
    const received: Buffer[] = [];
    for await (const chunk of client) received.push(chunk as Buffer);
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });

  test('borrowed bytes cannot be detached', async () => {
    const outcome = deferred<unknown>();
    const server = await scope.listen(
      {
        data(_, bytes) {
          try {
            structuredClone(bytes.buffer, { transfer: [bytes.buffer as never] });
            outcome.resolve(undefined);
          } catch (error) {
            outcome.resolve(error);
          }
        },
      },
      { borrow: true },
    );
    (await scope.client(server)).write('x');
    // The message differs from Node to Node.
    expect(await outcome.promise).toBeDefined();
  });

  test('the bytes of a bulk read have memory of their own', async () => {
    const memory = new Set<ArrayBufferLike>();
    let count = 0;
    const done = deferred();
    const server = await scope.listen({
      data(_, bytes) {
        count += 1;
        memory.add(bytes.buffer);
        // Its memory is transferred, which must not affect the others.
        structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
      },
      close: () => done.resolve(),
    });
    const client = await scope.client(server);
    client.resume().end(Buffer.alloc(8_000_000));
    await done.promise;
    expect(memory.size).toBe(count);
  });

  test('a debug build overwrites borrowed bytes when the handler returns', async () => {
    const { stdout, stderr } = await runChild(
      leanEntry,
      ({ net, require }) => {
        const { listen } = net as unknown as typeof import('../../lib/lean');
        const node = require('node:net') as typeof import('node:net');
        let kept: Buffer;
        const server = listen(
          { port: 0, host: '127.0.0.1', borrow: true },
          {
            data(connection, bytes) {
              kept = bytes;
              connection.end(bytes);
            },
          },
        );
        void server.ready.then(() => {
          const client = node.connect(server.port!, '127.0.0.1', () => client.write('abc'));
          client.on('data', (chunk) => {
            console.log(String(chunk), kept.toString('hex'));
            void server.close();
          });
        });
      },
      { env: { UVNET_LEAN_POISON: '1' } },
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('abc dbdbdb\n');
  });
});
