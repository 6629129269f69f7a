// The connections of a handler table, and the rest of a closed one.
import nodeNet from 'node:net';

import { runChild } from '../helpers/child';
import { deferred, nextEvent, nextTurn } from '../helpers/events';
import type { lean } from '../helpers/lean';
import {
  closeAtOnce,
  leanEntry,
  LeanScope,
  net,
  receiveAll,
  type Connection,
} from '../helpers/lean';

type Server = Awaited<ReturnType<LeanScope['listen']>>;

describe('the bookkeeping of a handler table', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  /** A connection of which nothing is left. */
  async function closedConnection(): Promise<Connection> {
    const opened = deferred<Connection>();
    const closed = deferred();
    const server = await scope.listen({ open: opened.resolve, close: () => closed.resolve() });
    const client = await scope.client(server);
    client.on('error', () => {});
    const old = await opened.promise;
    old.destroy();
    await closed.promise;
    await nextTurn();
    return old;
  }

  /** Connects, and calls `act` in the same poll: after the native code has accepted, before `open`. */
  async function actBeforeOpen(server: Server, act: () => void): Promise<nodeNet.Socket> {
    const done = deferred();
    const triggers = await scope.netServer((socket) => {
      socket.on('data', () => {
        act();
        done.resolve();
      });
    });
    const { port } = triggers.address() as nodeNet.AddressInfo;
    const trigger = scope.track(nodeNet.connect(port, '127.0.0.1'));
    await nextEvent(trigger, 'connect');
    await nextTurn();
    const client = scope.track(nodeNet.connect(server.port!, '127.0.0.1'));
    client.on('error', () => {});
    // Its ticks run in their order, so that the kernel has the connection before the byte.
    process.nextTick(() => trigger.write('x'));
    await done.promise;
    return client;
  }

  test('close() waits for connections that were accepted and not opened yet', async () => {
    const log: string[] = [];
    const server = await scope.listen({
      open: () => log.push('open'),
      data: (_, bytes) => log.push(String(bytes)),
      close: () => log.push('close'),
    });
    let closing!: Promise<void>;
    const client = await actBeforeOpen(server, () => {
      log.push('closing');
      closing = server.close().then(() => void log.push('closed'));
    });
    client.end('hello');
    await closing;
    expect(log).toEqual(['closing', 'open', 'hello', 'close', 'closed']);
  });

  test.each([
    ['close() and closeAllConnections()', closeAtOnce],
    ['close({ gracePeriod: 0 })', (server: Server) => server.close({ gracePeriod: 0 })],
  ])('%s closes them without calling a handler', async (_, close) => {
    const log: string[] = [];
    const server = await scope.listen({
      open: () => log.push('open'),
      close: () => log.push('close'),
    });
    let closing!: Promise<void>;
    const client = await actBeforeOpen(server, () => {
      log.push('closing');
      closing = close(server);
    });
    await Promise.all([closing, client.closed ? undefined : nextEvent(client, 'close')]);
    expect(log).toEqual(['closing']);
    expect(server.stats()).toMatchObject({ accepted: 1, open: 0 });
  });

  test('the next server gets none of their events', async () => {
    const log: string[] = [];
    const named = (name: string) => ({
      open: () => log.push(`${name} open`),
      data: (connection: Connection, bytes: Buffer) => {
        log.push(`${name} ${String(bytes)}`);
        connection.end();
      },
      close: () => log.push(`${name} close`),
    });
    const first = await scope.listen(named('first'));
    const second = deferred<Server>();
    const client = await actBeforeOpen(first, () => {
      void first.close().then(async () => second.resolve(await scope.listen(named('second'))));
    });
    client.resume().write('one');
    const later = await scope.client(await second.promise);
    later.resume().write('two');
    await nextEvent(later, 'close');
    while (log.length < 6) await nextTurn();
    expect(log).toEqual([
      'first open',
      'first one',
      'first close',
      'second open',
      'second two',
      'second close',
    ]);
  });

  test('connections() omits connections for which `open` was not called', async () => {
    const opened = deferred();
    const server = await scope.listen({
      open(connection) {
        expect(server.connections()).toEqual([connection]);
        opened.resolve();
      },
    });
    await actBeforeOpen(server, () => expect(server.connections()).toEqual([]));
    await opened.promise;
  });

  test('ref() and unref() of a closed connection affect no other handle', async () => {
    const old = await closedConnection();
    // Takes the slot of the connection in the native table.
    const others = Array.from({ length: 8 }, () => net.createServer().listen(0, '127.0.0.1'));
    try {
      await Promise.all(others.map((other) => nextEvent(other, 'listening')));
      old.unref();
      const handles = others.map((other) => (other as any)._handle);
      expect(handles.map((handle) => handle.hasRef())).toEqual(others.map(() => true));
      expect(handles.map((handle) => handle.id)).not.toContain((old as any).id);
      for (const other of others) other.unref();
      old.ref();
      expect(handles.map((handle) => handle.hasRef())).toEqual(others.map(() => false));
    } finally {
      for (const other of others) other.close();
    }
  });

  test('each method of a closed connection does nothing', async () => {
    const old = await closedConnection();
    for (const act of ['pause', 'resume', 'ref', 'unref', 'cork', 'uncork', 'end'] as const) {
      old[act]();
    }
    old.setTimeout(1);
    old.resetAndDestroy();
    expect(old.write('x')).toBe(false);
    expect(old.writev(['x'])).toBe(false);
    expect(old.tryWrite(Buffer.from('x'))).toBe(0);
    expect([old.isOpen, old.idleTime, old.writableLength, old.local]).toEqual([false, 0, 0, {}]);
    expect(() => old.toSocket()).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_CLOSED' }));
  });

  test('`close` is called even if nothing else keeps the process alive', async () => {
    const { stdout, code } = await runChild(leanEntry, async ({ net: module }) => {
      const { listen, connect } = module as unknown as typeof lean;
      const server = listen({ port: 0, host: '127.0.0.1' }, {});
      await server.ready;
      const client = await connect(
        { port: server.port!, host: '127.0.0.1' },
        { close: () => console.log('client') },
      );
      // The phase of the loop after the one that delivers.
      setImmediate(() => {
        client.destroy();
        void server.close().then(() => console.log('server'));
        server.closeAllConnections();
      });
    });
    expect({ code, lines: stdout.split('\n').sort() }).toEqual({
      code: 0,
      lines: ['', 'client', 'server'],
    });
  });

  test('resume() of a connection that is not paused does nothing', async () => {
    const outcome = deferred<unknown>();
    const server = await scope.listen({
      open(connection) {
        connection.resume();
        connection.resume();
      },
      data: (_, bytes) => outcome.resolve(String(bytes)),
      close: (_, error) => outcome.resolve(error),
    });
    const client = await scope.client(server);
    client.write('hello');
    expect(await outcome.promise).toBe('hello');
  });

  test.each(['pause() and resume() at once', 'resume() later', 'neither'])(
    '`end` comes once with half-open connections: %s',
    async (how) => {
      const log: string[] = [];
      const ended = deferred<Connection>();
      const server = await scope.listen(
        {
          data(connection, bytes) {
            log.push(String(bytes));
            if (how === 'neither') return;
            connection.pause();
            if (how === 'resume() later') setImmediate(() => connection.resume());
            else connection.resume();
          },
          end(connection) {
            log.push('end');
            connection.pause();
            connection.resume();
            ended.resolve(connection);
          },
        },
        { path: scope.path(), allowHalfOpen: true },
      );
      // Bytes and end come in one poll.
      const client = await scope.client(server);
      client.end('x');
      const connection = await ended.promise;
      for (let turns = 0; turns < 10; turns += 1) await nextTurn();
      connection.pause();
      connection.resume();
      for (let turns = 0; turns < 10; turns += 1) await nextTurn();
      expect(log).toEqual(['x', 'end']);
    },
  );

  describe('with `pauseOnConnect`', () => {
    test.each(['off', 'optional', 'required'] as const)(
      'no handler is called before resume() (proxyProtocol: %s)',
      async (proxyProtocol) => {
        const opened = deferred<Connection>();
        const received = deferred<string>();
        const server = await scope.listen(
          {
            open: opened.resolve,
            data: (connection, bytes) =>
              received.resolve(`${connection.isPaused()} ${String(bytes)}`),
          },
          { pauseOnConnect: true, ...(proxyProtocol === 'off' ? {} : { proxyProtocol }) },
        );
        const client = await scope.client(server);
        const header = proxyProtocol === 'required' ? 'PROXY UNKNOWN\r\n' : '';
        client.write(`${header}PROBE hello`);
        const connection = await opened.promise;
        expect(connection.isPaused()).toBe(true);
        for (let turns = 0; turns < 10; turns += 1) await nextTurn();
        let early: unknown = 'nothing';
        void received.promise.then((bytes) => (early = bytes));
        await nextTurn();
        expect(early).toBe('nothing');
        connection.resume();
        expect(await received.promise).toBe('false PROBE hello');
      },
    );
  });

  test('an empty message may be the first one of a process', async () => {
    const { stdout } = await runChild(leanEntry, async ({ net: module, require }) => {
      const { listen } = module as unknown as typeof lean;
      const { connect } = require('node:net') as typeof nodeNet;
      const sent = { delimiter: '\n', length: Buffer.alloc(4) };
      for (const type of ['delimiter', 'length'] as const) {
        const server = listen(
          { port: 0, host: '127.0.0.1', framing: { type } },
          {
            data(connection, bytes) {
              console.log(type, bytes.length, Buffer.isBuffer(bytes));
              connection.end();
            },
          },
        );
        await server.ready;
        const client = connect(server.port!, '127.0.0.1');
        client.resume().write(sent[type]);
        await new Promise((resolve) => client.on('close', resolve));
        await server.close();
      }
    });
    expect(stdout).toBe('delimiter 0 true\nlength 0 true\n');
  });

  test('bytes come back to the socket that sent them, with and without borrowing', async () => {
    const lines = await scope.listen({}, { borrow: true, framing: { type: 'delimiter' } });
    const echo = await scope.listen(
      { data: (connection, bytes) => void connection.end(bytes) },
      { borrow: true },
    );
    const secret = await scope.client(lines);
    secret.write('a\nSECRET1\n');
    while (lines.stats().bytesRead < 10) await nextTurn();
    for (const text of ['1', '1234567', '12345678', '123']) {
      const client = await scope.client(echo);
      client.write(text);
      expect(String(await receiveAll(client))).toBe(text);
    }
  });
});
