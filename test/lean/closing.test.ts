// Closing servers and connections of handler tables, and the events of that.
import { deferred, nextEvent, nextTurn } from '../helpers/events';
import { lean, LeanScope, receiveAll, type Connection } from '../helpers/lean';

describe('closing', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  test.each(['127.0.0.1', 'localhost'])(
    'ready rejects if the server is closed before it listens (%s)',
    async (host) => {
      const server = lean.listen({ port: 0, host }, {});
      const closed = server.close();
      await expect(server.ready).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
      await closed;
      expect(server.address()).toBeNull();
    },
  );

  describe('server.close({ gracePeriod, idleTimeout })', () => {
    test('ends idle connections after their waiting data', async () => {
      const opened = deferred<Connection>();
      const closed = deferred<Error | undefined>();
      const server = await scope.listen({
        open: opened.resolve,
        close: (_, error) => closed.resolve(error),
      });
      // It does not end by itself.
      const client = await scope.client(server, { allowHalfOpen: true });
      const all = receiveAll(client);
      (await opened.promise).write('last');
      await server.close({ gracePeriod: 2 ** 31 - 1, idleTimeout: 0 });
      expect(await closed.promise).toBeUndefined();
      expect(String(await all)).toBe('last');
      client.destroy();
    });

    test('destroys the others when the grace period is over', async () => {
      const log: string[] = [];
      const opened = deferred();
      const server = await scope.listen({
        open() {
          log.push('open');
          opened.resolve();
        },
        close: (_, error) => log.push(`close ${String(error)}`),
      });
      const client = await scope.client(server);
      client.on('error', () => {});
      await opened.promise;
      await server.close({ gracePeriod: 0 });
      expect(log).toEqual(['open', 'close undefined']);
      expect(server.stats().open).toBe(0);
    });

    test('does not affect a transferred connection', async () => {
      const opened = deferred<Connection>();
      const server = await scope.listen({ open: opened.resolve });
      const client = await scope.client(server);
      const socket = (await opened.promise).toSocket();
      await server.close({ gracePeriod: 0 });
      expect(socket.destroyed).toBe(false);
      client.end();
      await nextEvent(socket.resume(), 'close');
    });

    test('may be called again with a shorter time', async () => {
      const opened = deferred();
      const server = await scope.listen({ open: () => opened.resolve() });
      const client = await scope.client(server);
      client.on('error', () => {});
      await opened.promise;
      const first = server.close({ gracePeriod: 2 ** 31 - 1, idleTimeout: 2 ** 31 - 1 });
      await server.close({ gracePeriod: 0 });
      await first;
    });

    test.each([
      [{ gracePeriod: '1' }, 'ERR_INVALID_ARG_TYPE', /options\.gracePeriod/],
      [{ gracePeriod: -1 }, 'ERR_OUT_OF_RANGE', /options\.gracePeriod/],
      [{}, 'ERR_INVALID_ARG_TYPE', /options\.gracePeriod/],
      [1, 'ERR_INVALID_ARG_TYPE', /options/],
      [
        { gracePeriod: 1, idelTimeout: 5 },
        'ERR_INVALID_ARG_VALUE',
        /options\.idelTimeout' is unknown/,
      ],
      [
        { grcaePeriod: 1 },
        'ERR_INVALID_ARG_VALUE',
        /options\.grcaePeriod' is unknown \(did you mean 'gracePeriod'\?\)/,
      ],
    ])('refuses %p, and the server goes on', async (options, code, message) => {
      const server = await scope.listen({
        data: (connection, bytes) => void connection.end(bytes),
      });
      await expect(server.close(options as never)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
      const client = await scope.client(server);
      client.write('still there');
      expect(String(await receiveAll(client))).toBe('still there');
    });
  });

  describe('Symbol.asyncDispose', () => {
    // Node 20 has it from 20.4 on.
    const where = 'asyncDispose' in Symbol ? test : test.skip;

    where('of a server waits for its connections, and may be called twice', async () => {
      const opened = deferred();
      const closed = jest.fn();
      const server = await scope.listen({ open: () => opened.resolve(), close: closed });
      const client = await scope.client(server);
      await opened.promise;
      const disposed = server[Symbol.asyncDispose]();
      client.resume().end();
      await disposed;
      expect(closed).toHaveBeenCalledTimes(1);
      await server[Symbol.asyncDispose]();
    });

    where('of a connection closes it, and is fulfilled when `close` was called', async () => {
      const server = await scope.listen({});
      const closed = jest.fn();
      const connection = await lean.connect(
        { port: server.port!, host: '127.0.0.1' },
        { close: closed },
      );
      const both = [connection[Symbol.asyncDispose](), connection[Symbol.asyncDispose]()];
      expect([connection.isOpen, closed.mock.calls.length]).toEqual([false, 0]);
      await Promise.all(both);
      expect(closed.mock.calls).toEqual([[connection, undefined]]);
      await connection[Symbol.asyncDispose]();
      expect(closed).toHaveBeenCalledTimes(1);
    });

    where('of a connection does nothing once it is a socket', async () => {
      const opened = deferred<Connection>();
      const server = await scope.listen({ open: opened.resolve });
      const client = await scope.client(server);
      const connection = await opened.promise;
      const socket = connection.toSocket();
      await connection[Symbol.asyncDispose]();
      expect(socket.destroyed).toBe(false);
      client.end();
      await nextEvent(socket.resume(), 'close');
    });
  });

  describe('the addresses of both ends', () => {
    test.each(['a handler', 'an immediate', 'its peer'])(
      'are known in `close` after %s closes the connection',
      async (closer) => {
        const names = deferred<object>();
        const server = await scope.listen({
          open(connection) {
            void connection.local;
            if (closer === 'a handler') connection.destroy();
            // The phase of the loop in which closed handles are freed comes next.
            else if (closer === 'an immediate') setImmediate(() => connection.destroy());
          },
          close({ remote, local, remoteAddress }) {
            names.resolve({ remote, local, remoteAddress });
          },
        });
        const client = await scope.client(server);
        const { localPort: port } = client;
        client.on('error', () => {});
        if (closer === 'its peer') client.resetAndDestroy();
        const address = '127.0.0.1';
        expect(await names.promise).toEqual({
          remote: { address, family: 'IPv4', port },
          local: { address, family: 'IPv4', port: server.port },
          remoteAddress: address,
        });
      },
    );

    test('are known after the reset of an outgoing connection', async () => {
      const opened = deferred<Connection>();
      const server = await scope.listen({ open: opened.resolve });
      const closed = deferred<Connection>();
      await lean.connect({ port: server.port!, host: '127.0.0.1' }, { close: closed.resolve });
      (await opened.promise).resetAndDestroy();
      const connection = await closed.promise;
      await nextTurn();
      expect(connection.remote).toEqual({
        address: '127.0.0.1',
        family: 'IPv4',
        port: server.port,
      });
      expect(connection.local).toEqual({});
    });

    test('are unknown for Unix sockets', async () => {
      const names = deferred<object>();
      const server = await scope.listen(
        {
          open: (connection) => connection.destroy(),
          close: ({ remote, local }) => names.resolve({ remote, local }),
        },
        { path: scope.path() },
      );
      await scope.client(server);
      expect(await names.promise).toEqual({ remote: {}, local: {} });
    });
  });

  describe('an option that does not exist', () => {
    const refusal = (name: string, near?: string) =>
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringContaining(
          `'options.${name}' is unknown${near === undefined ? '.' : ` (did you mean '${near}'?)`}`,
        ) as string,
      }) as Error;

    test.each([
      ['proxyProtocl', 'proxyProtocol'],
      ['maxConnectionsPerAdress', 'maxConnectionsPerAddress'],
      ['framming', 'framing'],
      ['bindtodevice', 'bindToDevice'],
      ['connectTimeout', undefined],
      ['other', undefined],
    ])('is refused by listen(): %s', (name, near) => {
      expect(() => lean.listen({ port: 0, [name]: undefined }, {})).toThrow(refusal(name, near));
    });

    test('is refused by connect(), toLean() and `framing`', async () => {
      const target = { port: 1, host: '127.0.0.1' };
      expect(() => lean.connect({ ...target, borow: true } as never, {})).toThrow(
        refusal('borow', 'borrow'),
      );
      const framing = { type: 'length', maks: 1, bytes: 2 } as never;
      expect(() => lean.connect({ ...target, framing }, {})).toThrow(refusal('framing.maks'));
      const opened = deferred<Connection>();
      const server = await scope.listen({ open: opened.resolve });
      const client = await scope.client(server);
      const socket = (await opened.promise).toSocket();
      expect(() => socket.toLean({}, { highWatermrk: 1 } as never)).toThrow(
        refusal('highWatermrk', 'highWaterMark'),
      );
      // The socket still owns it.
      socket.end('bye');
      expect(String(await receiveAll(client))).toBe('bye');
    });
  });
});
