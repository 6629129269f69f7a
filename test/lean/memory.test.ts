// The memory that a handler table holds, and for how long.
import { runChild } from '../helpers/child';
import { deferred, nextEvent, nextTurn } from '../helpers/events';
import { leanEntry, LeanScope, type Connection, type lean } from '../helpers/lean';

describe('the memory of a handler table', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  test('a short read after bulk reads holds no more memory than others', async () => {
    const opened = deferred<Connection>();
    let last: Buffer = Buffer.alloc(0);
    const server = await scope.listen({
      open: opened.resolve,
      data: (_, bytes) => (last = bytes),
    });
    const client = await scope.client(server);
    const connection = await opened.promise;
    // Until one read brings most of it, after which the next one is read as bulk, too.
    for (let sent = 0; last.length < 60_000;) {
      connection.pause();
      await new Promise((resolve) => client.write(Buffer.alloc(65_536), resolve));
      sent += 65_536;
      connection.resume();
      while (connection.bytesRead < sent) await nextTurn();
      while (last.length === 0) await nextTurn();
    }
    client.write('x');
    while (last.length !== 1) await nextTurn();
    expect(String(last)).toBe('x');
    expect(last.buffer.byteLength).toBeLessThanOrEqual(8192);
  });

  test('a paused connection holds about as many bytes as it has read', async () => {
    const { stdout, stderr } = await runChild(
      leanEntry,
      async ({ net: module, require }) => {
        const { listen } = module as unknown as typeof lean;
        const { connect } = require('node:net') as typeof import('node:net');
        const count = 65_536;
        let messages = 0;
        let connection!: Connection;
        const server = listen(
          { port: 0, host: '127.0.0.1', framing: { type: 'delimiter' } },
          {
            data(from, bytes) {
              connection = from;
              messages += bytes.length === 0 ? 1 : count;
              if (messages === 1) from.pause();
            },
          },
        );
        await server.ready;
        const client = connect(server.port!, '127.0.0.1');
        await new Promise<void>((resolve) => client.on('connect', resolve));
        const turn = () => new Promise((resolve) => setImmediate(resolve));
        const used = () => {
          gc!();
          const { heapUsed, external } = process.memoryUsage();
          return heapUsed + external;
        };
        const before = used();
        client.write(Buffer.alloc(count, '\n'));
        while (messages === 0) await turn();
        const read = connection.bytesRead;
        const grown = used() - before;
        console.log('bounded', grown < 16 * read + 500_000 || grown);
        connection.resume();
        while (messages < count) await turn();
        console.log('messages', messages === count);
        process.exit();
      },
      { nodeFlags: ['--expose-gc'] },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'bounded true\nmessages true\n', stderr: '' });
  });

  test('a connection whose handler pauses for each message reads no further before all were delivered', async () => {
    const size = 4;
    const messages = 4000;
    let received = 0;
    let read = 0;
    let early = 0;
    const done = deferred();
    const server = await scope.listen(
      {
        data(connection, bytes) {
          // Another read: all messages that the ones before it had brought are here.
          if (connection.bytesRead > read && read - size * received >= size) early += 1;
          read = connection.bytesRead;
          if (bytes.readUInt32BE() === received) received += 1;
          connection.pause();
          setImmediate(() => connection.resume());
          if (received === messages) done.resolve();
        },
      },
      { framing: { type: 'fixed', size } },
    );
    const client = await scope.client(server);
    const all = Buffer.alloc(size * messages);
    for (let i = 0; i < messages; i += 1) all.writeUInt32BE(i, size * i);
    for (let at = 0; at < all.length; at += 1000) {
      client.write(all.subarray(at, at + 1000));
      await nextTurn();
    }
    await done.promise;
    expect(early).toBe(0);
  });

  test('`connectionAttemptTimeout` does not keep a closed connection in memory', async () => {
    const { stdout } = await runChild(
      leanEntry,
      async ({ net: module, require }) => {
        const { listen } = module as unknown as typeof lean;
        const { connect } = require('node:net') as typeof import('node:net');
        const references: WeakRef<Connection>[] = [];
        let closed = 0;
        const server = listen(
          { port: 0, host: '127.0.0.1', connectionAttemptTimeout: 2 ** 30 },
          {
            open: (connection) => references.push(new WeakRef(connection)),
            close: () => (closed += 1),
          },
        );
        await server.ready;
        for (let i = 0; i < 5; i += 1) {
          const client = connect(server.port!, '127.0.0.1');
          await new Promise<void>((resolve) => client.on('connect', resolve));
          client.resume().end();
        }
        while (closed < 5) await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => setImmediate(resolve));
        gc!();
        console.log(references.filter((reference) => reference.deref() !== undefined).length <= 1);
        await server.close();
      },
      { nodeFlags: ['--expose-gc'] },
    );
    expect(stdout).toBe('true\n');
  });

  test('a first byte in the kernel counts for a paused connection', async () => {
    const opened = deferred<Connection>();
    const server = await scope.listen(
      {
        open: opened.resolve,
        data: (connection) => connection.end('seen'),
      },
      { pauseOnConnect: true, connectionAttemptTimeout: 50 },
    );
    const client = await scope.client(server);
    client.write('x');
    // The second connection sends nothing, and is closed after the time of the first.
    const connection = await opened.promise;
    const silent = await scope.client(server);
    silent.on('error', () => {});
    await nextEvent(silent.resume(), 'close');
    expect(connection.isOpen).toBe(true);
    connection.resume();
    const [answer] = await nextEvent(client, 'data');
    expect(String(answer)).toBe('seen');
  });

  test('the end of a paused connection is not a first byte', async () => {
    const closed = deferred();
    const server = await scope.listen(
      { close: () => closed.resolve() },
      { pauseOnConnect: true, connectionAttemptTimeout: 30 },
    );
    const client = await scope.client(server, { allowHalfOpen: true });
    client.on('error', () => {});
    client.end();
    await closed.promise;
    client.destroy();
  });
});
