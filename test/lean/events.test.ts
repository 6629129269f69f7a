// The arguments and the order of handler calls.
import { AsyncLocalStorage } from 'node:async_hooks';

import { runChild } from '../helpers/child';
import { deferred, nextEvent } from '../helpers/events';
import { lean, leanEntry, LeanScope, receiveAll, type Connection } from '../helpers/lean';

describe('handlers', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  test.each(['tcp', 'unix'])(
    'a connection calls open, data, end and close (%s)',
    async (transport) => {
      const log: string[] = [];
      const closed = deferred();
      const server = await scope.listen(
        {
          open: () => log.push('open'),
          data(connection, bytes) {
            log.push(`data ${bytes.toString()}`);
            connection.write(bytes);
          },
          end: () => log.push('end'),
          close(connection, error) {
            log.push(`close ${String(error)} ${connection.bytesRead} ${connection.bytesWritten}`);
            closed.resolve();
          },
        },
        transport === 'unix' ? { path: scope.path() } : {},
      );
      const client = await scope.client(server);
      const all = receiveAll(client);
      client.end('hello');
      expect((await all).toString()).toBe('hello');
      await closed.promise;
      expect(log).toEqual(['open', 'data hello', 'end', 'close undefined 5 5']);
      expect(server.stats()).toMatchObject({ accepted: 1, open: 0, bytesRead: 5, bytesWritten: 5 });
    },
  );

  test('a reset that arrives together with data is not an end', async () => {
    const log: string[] = [];
    const closed = deferred<Error | undefined>();
    const server = await scope.listen({
      data: (_connection, bytes) => log.push(`data ${bytes.toString()}`),
      end: () => log.push('end'),
      close: (_connection, error) => closed.resolve(error),
    });
    const client = await scope.client(server);
    client.write('last');
    client.resetAndDestroy();
    expect(await closed.promise).toMatchObject({ code: 'ECONNRESET' });
    expect(log).toEqual(['data last']);
  });

  test('a table needs no handler', async () => {
    const server = await scope.listen({});
    const client = await scope.client(server);
    client.resume().end('unheard');
    await nextEvent(client, 'close');
  });

  test('a handler or table of a wrong type is refused', () => {
    expect(() => lean.listen({ port: 0 }, { data: 1 as never })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(() => lean.listen({ port: 0 }, null as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(() => lean.listen({ port: -1 }, {})).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }),
    );
  });

  test('`ready` is rejected if the server cannot listen', async () => {
    const server = await scope.listen({});
    const second = lean.listen({ port: server.port, host: '127.0.0.1' }, {});
    await expect(second.ready).rejects.toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' });
  });

  test('a reset by the peer is an error of `close`', async () => {
    const outcome = deferred<Error | undefined>();
    const ended = jest.fn();
    const server = await scope.listen({
      end: ended,
      close: (_, error) => outcome.resolve(error),
    });
    const client = await scope.client(server);
    client.resetAndDestroy();
    expect(await outcome.promise).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
    expect(ended).not.toHaveBeenCalled();
  });

  test('the peer sees resetAndDestroy() as a reset', async () => {
    const server = await scope.listen({ open: (connection) => connection.resetAndDestroy() });
    const client = await scope.client(server);
    client.resume();
    const [error] = await nextEvent(client, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });

  test('destroy(error) passes the error to `close`, in the same delivery', async () => {
    const reason = new Error('enough');
    const outcome = deferred<unknown>();
    const data = jest.fn((connection: Connection) => {
      connection.destroy(reason);
      connection.destroy(new Error('too late'));
      expect(connection.isOpen).toBe(false);
      expect(connection.write('dropped')).toBe(false);
    });
    const server = await scope.listen({ data, close: (_, error) => outcome.resolve(error) });
    const client = await scope.client(server);
    client.write('a');
    expect(await outcome.promise).toBe(reason);
    expect(data).toHaveBeenCalledTimes(1);
  });

  test('data written before destroy() still leaves', async () => {
    const server = await scope.listen({
      open(connection) {
        connection.write('last ');
        connection.write('words');
        connection.destroy();
      },
    });
    const client = await scope.client(server);
    expect((await receiveAll(client)).toString()).toBe('last words');
  });

  test('a connection may be closed by the handler of another one', async () => {
    const members: Connection[] = [];
    const closed: Connection[] = [];
    const done = deferred();
    const server = await scope.listen({
      open: (connection) => members.push(connection),
      data() {
        for (const member of members) member.destroy();
      },
      close(connection) {
        closed.push(connection);
        if (closed.length === 3) done.resolve();
      },
    });
    const clients = await Promise.all([1, 2, 3].map(() => scope.client(server)));
    for (const client of clients) client.on('error', () => {}).write('all of you');
    await done.promise;
    expect(new Set(closed)).toEqual(new Set(members));
  });

  test('an exception is reported as uncaught, and the rest of the turn is still delivered', async () => {
    // In a process of its own: jest keeps 'uncaughtException' to itself.
    const { code, stdout, stderr } = await runChild(leanEntry, ({ net, require }) => {
      const { listen } = net as unknown as typeof import('../../lib/lean');
      const nodeNet = require('node:net') as typeof import('node:net');
      process.on('uncaughtException', (error) => console.log(`uncaught ${error.message}`));
      let seen = 0;
      const server = listen(
        { port: 0, host: '127.0.0.1' },
        {
          open(connection) {
            throw new Error(`open ${connection.isOpen}`);
          },
          data() {
            seen += 1;
            if (seen % 2 === 1) throw new Error('data');
          },
          end() {
            throw new Error('end');
          },
          close() {
            throw new Error('close');
          },
        },
      );
      void server.ready.then(() => {
        for (let i = 0; i < 4; i += 1) {
          nodeNet.connect(server.port!, '127.0.0.1').end('x').resume();
        }
        const check = (): void => {
          if (server.stats().accepted < 4 || server.stats().open > 0) setImmediate(check);
          else void server.close().then(() => console.log(`seen ${seen}`));
        };
        check();
      });
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trim().split('\n').sort();
    expect(lines).toEqual([
      'seen 4',
      ...Array(4).fill('uncaught close'),
      ...Array(2).fill('uncaught data'),
      ...Array(4).fill('uncaught end'),
      ...Array(4).fill('uncaught open true'),
    ]);
  });

  test('handlers run in the async context of listen()', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const closed = deferred();
    const note = (): unknown => seen.push(storage.getStore());
    const server = await storage.run('listener', () =>
      scope.listen({
        open: note,
        data: note,
        end: note,
        close() {
          note();
          closed.resolve();
        },
      }),
    );
    const client = await scope.client(server);
    client.resume().end('x');
    await closed.promise;
    expect(seen).toEqual(Array(4).fill('listener'));
  });

  test('reload() changes the handlers of open connections too', async () => {
    const first = jest.fn();
    const second = deferred<string>();
    const opened = deferred();
    const server = await scope.listen({ open: () => opened.resolve(), data: first });
    const client = await scope.client(server);
    await opened.promise;
    server.reload({ data: (_, bytes) => second.resolve(bytes.toString()) });
    client.write('x');
    expect(await second.promise).toBe('x');
    expect(first).not.toHaveBeenCalled();
  });

  test('close() waits for the connections; closeAllConnections() does not', async () => {
    const opened = deferred<Connection>();
    const server = await scope.listen({ open: (connection) => opened.resolve(connection) });
    const client = await scope.client(server);
    const connection = await opened.promise;
    expect(server.connections()).toEqual([connection]);
    let closed = false;
    const closing = server.close().then(() => (closed = true));
    connection.write('still here');
    await nextEvent(client, 'data');
    expect(closed).toBe(false);
    server.closeAllConnections();
    await closing;
    expect(connection.isOpen).toBe(false);
  });

  test('closeAllConnections() destroys open connections, and the server goes on listening', async () => {
    let opened = deferred<Connection>();
    const closed = deferred<Error | undefined>();
    const server = await scope.listen({
      open: (connection) => opened.resolve(connection),
      close: (_, error) => closed.resolve(error),
    });
    const first = await scope.client(server);
    first.on('error', () => {});
    await opened.promise;
    server.closeAllConnections();
    expect(await closed.promise).toBeUndefined();
    opened = deferred<Connection>();
    await scope.client(server);
    expect((await opened.promise).isOpen).toBe(true);
    expect(server.connections()).toHaveLength(1);
  });

  test('closeIdleConnections() ends connections that had no byte for the given time', async () => {
    const opened = deferred<Connection>();
    const server = await scope.listen({ open: (connection) => opened.resolve(connection) });
    const client = await scope.client(server);
    const connection = await opened.promise;
    server.closeIdleConnections(60_000);
    connection.write('last');
    expect(() => server.closeIdleConnections(-1)).toThrow(/"idleTimeout"/);
    server.closeIdleConnections(0);
    const received = await receiveAll(client);
    expect(String(received)).toBe('last');
    expect(server.address()).not.toBeNull();
  });

  test('a server has addresses, counters and limits', async () => {
    const drops: string[] = [];
    const dropped = deferred();
    const opened = deferred<Connection>();
    const server = await scope.listen(
      {
        open: (connection) => opened.resolve(connection),
        drop({ reason }) {
          drops.push(reason);
          dropped.resolve();
        },
      },
      { maxConnectionsPerAddress: 1 },
    );
    const client = await scope.client(server);
    const connection = await opened.promise;
    expect(connection.remote).toEqual({
      address: '127.0.0.1',
      family: 'IPv4',
      port: client.localPort,
    });
    expect(connection.local).toMatchObject({ port: server.port });
    const second = await scope.client(server);
    second.on('error', () => {});
    await dropped.promise;
    expect(drops).toEqual(['maxConnectionsPerAddress']);
  });

  test('a connection without bytes times out, and its timeout starts again with the next byte', async () => {
    const log: string[] = [];
    const first = deferred();
    const again = deferred();
    const server = await scope.listen({
      open: (connection) => connection.setTimeout(5),
      data: () => log.push('data'),
      timeout() {
        log.push('timeout');
        if (log.length === 1) first.resolve();
        else again.resolve();
      },
    });
    const client = await scope.client(server);
    await first.promise;
    client.write('x');
    await again.promise;
    expect(log).toEqual(['timeout', 'data', 'timeout']);
  });

  test('pause() stops the data, and resume() continues it in order', async () => {
    const chunks: string[] = [];
    const done = deferred();
    let connection!: Connection;
    const server = await scope.listen({
      open(opened) {
        connection = opened;
        connection.pause();
      },
      data(_, bytes) {
        chunks.push(bytes.toString());
        if (bytes.toString().endsWith('!')) done.resolve();
        connection.pause();
        setImmediate(() => connection.resume());
      },
    });
    const client = await scope.client(server);
    client.write('one ');
    client.write('two ');
    setImmediate(() => client.write('three!'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(connection.isPaused()).toBe(true);
    expect(chunks).toEqual([]);
    connection.resume();
    await done.promise;
    expect(chunks.join('')).toBe('one two three!');
  });
});
