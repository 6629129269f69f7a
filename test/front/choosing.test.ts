// Several servers behind one port: the function that chooses.
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import nodeNet from 'node:net';
import type * as net from 'uvnet';
import { createFront, type Choose, type Front, type Target } from 'uvnet/front';

import { deferred, nextEvent, nextTurn } from '../helpers/events';
import { FrontScope, echo, runProgram, ssh } from '../helpers/fronts';

const scope = new FrontScope();
afterEach(() => scope.dispose());

describe('a promise of a target', () => {
  function pending(): [Choose, Promise<void>, (target: Target) => void] {
    const chosen = deferred<Target>();
    const asked = deferred();
    const choose = (): Promise<Target> => {
      asked.resolve();
      return chosen.promise;
    };
    return [choose, asked.promise, chosen.resolve];
  }

  test('may take its time, and the connection counts as open', async () => {
    const [choose, asked, resolve] = pending();
    const front = await scope.choosing(choose);
    const answer = scope.talk(front, ssh);
    await asked;
    expect(front.stats()).toMatchObject({ open: 1, accepted: 0 });
    resolve(echo());
    expect(await answer).toBe(ssh);
    expect(front.stats()).toMatchObject({ accepted: 1 });
  });

  test('is of no use after close(), which drops the connection', async () => {
    const [choose, asked, resolve] = pending();
    const front = await scope.choosing(choose);
    const answer = scope.talk(front, ssh);
    await asked;
    expect(await front.close()).toEqual({ ended: 0, destroyed: 0 });
    expect(await answer).toBe('');
    resolve(() => expect(false).toBe(true));
    await nextTurn();
    expect(front.stats()).toMatchObject({ open: 0, accepted: 0 });
  });

  test('that many wait for gives none of them to a server before it listens', async () => {
    const [choose, , resolve] = pending();
    const server = http.createServer((_, response) => response.end('hello'));
    const events: string[] = [];
    for (const event of ['listening', 'connection']) server.on(event, () => events.push(event));
    const shared = Promise.resolve(choose({} as never));
    const front = await scope.choosing(() => shared);
    const clients = [0, 1, 2].map(() => scope.connect(front));
    for (const client of clients) client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    while (front.stats().open < clients.length) await nextTurn();
    resolve(server);
    await Promise.all(clients.map((client) => once(client, 'data')));
    expect(events).toEqual(['listening', 'connection', 'connection', 'connection']);
    // http knows all three, so it ends them.
    expect(await front.close()).toEqual({ ended: 3, destroyed: 0 });
  });

  test('survives a peer that resets in the meantime', async () => {
    const [choose, asked, resolve] = pending();
    const front = await scope.choosing(choose);
    const client = scope.connect(front);
    client.write(ssh);
    await asked;
    client.resetAndDestroy();
    await nextEvent(client, 'close');
    const failed = deferred<Error>();
    resolve((socket) => void socket.on('error', failed.resolve).resume());
    expect(await failed.promise).toMatchObject({ code: 'ECONNRESET' });
    while (front.stats().open > 0) await nextTurn();
  });

  test('leaves no store of the function to the socket', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const front = await scope.choosing(() =>
      storage.run('choosing', () =>
        Promise.resolve((socket: net.Socket) => {
          socket.on('data', (bytes: Buffer) => {
            seen.push(storage.getStore());
            socket.end(bytes);
          });
        }),
      ),
    );
    expect(await scope.talk(front, ssh)).toBe(ssh);
    expect(seen).toEqual([undefined]);
  });
});

describe('the function', () => {
  test('may close its front', async () => {
    const front: Front = await scope.choosing(() => {
      void front.close();
      return (socket) => void socket.end('bye');
    });
    expect(await scope.talk(front, ssh)).toBe('');
    expect(front.stats()).toMatchObject({ open: 0, accepted: 0 });
  });

  test('runs in the context of listen()', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const front = createFront(
      () => {
        seen.push(storage.getStore());
        return (socket) => void socket.destroy();
      },
      { sniff: true },
    );
    await storage.run('listen', () => scope.listen(front));
    await scope.talk(front, ssh);
    expect(seen).toEqual(['listen']);
    await front.close();
  });

  test.each([
    ['throws', "() => { throw new Error('bad') }", 'uncaughtException bad'],
    ['returns a number', '() => 5', 'uncaughtException ERR_INVALID_ARG_TYPE'],
    ['returns the front', '() => front', 'uncaughtException ERR_INVALID_ARG_TYPE'],
    [
      'returns another front',
      '() => createFront(net.createServer())',
      'uncaughtException ERR_INVALID_ARG_TYPE',
    ],
    ['returns a handler table', '() => ({ data() {} })', 'uncaughtException ERR_INVALID_ARG_TYPE'],
    [
      'asks for an unknown PROXY header',
      '() => ({ connect: { port: 1 }, sendProxy: 3 })',
      'uncaughtException ERR_INVALID_ARG_VALUE',
    ],
    [
      'returns what throws when it is looked at',
      "() => ({ get then() { throw new Error('bad'); } })",
      'uncaughtException bad',
    ],
    [
      'returns a bad port',
      '() => ({ connect: { port: -1 } })',
      'uncaughtException ERR_SOCKET_BAD_PORT',
    ],
    ['rejects', "async () => { throw new Error('bad') }", 'unhandledRejection bad'],
    ['fulfils with a number', 'async () => 5', 'uncaughtException ERR_INVALID_ARG_TYPE'],
  ])('that %s loses the connection, and the front goes on', async (_, choose, expected) => {
    const program = `
      const net = require('node:net');
      const { createFront } = require(${JSON.stringify(require.resolve('../../dist/front.js'))});
      const front = createFront(${choose}, { sniff: true });
      for (const event of ['uncaughtException', 'unhandledRejection']) {
        process.on(event, (error) => console.log(event, error.code ?? error.message));
      }
      let left = 2;
      const again = () => {
        if (--left < 0) {
          const { open, accepted, dropped } = front.stats();
          console.log(open, accepted, dropped.noTarget);
          return front.close();
        }
        const client = net.connect(front.address().port, '127.0.0.1').resume();
        client.on('error', () => {}).on('close', again).write('SSH-2.0-x\\r\\n');
      };
      front.listen(0, '127.0.0.1', again);`;
    expect(await runProgram(program)).toBe(`${expected}\n${expected}\n0 0 2\n`);
  });

  test('has no part in the context of events, which is that of listen()', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const relay = { connect: { path: `/nonexistent-${process.pid}` } };
    const choose: Choose = ({ protocol }) =>
      storage.run('choosing', () => (protocol === 'ssh' ? relay : undefined));
    const front = createFront(choose, { sniff: true });
    front.on('drop', ({ reason }) => seen.push([reason, storage.getStore()]));
    front.on('relayError', ({ code }) => seen.push([code, storage.getStore()]));
    await storage.run('listen', () => scope.listen(front));
    for (const text of ['', '\x01', ssh]) await scope.talk(front, text);
    await front.close();
    expect(seen).toEqual([
      ['sniffEnded', 'listen'],
      ['noTarget', 'listen'],
      ['ENOENT', 'listen'],
    ]);
  });

  test('is not asked for an address that a list of node:net blocks', async () => {
    const blockList = new nodeNet.BlockList();
    blockList.addAddress('127.0.0.1');
    let asked = 0;
    const front = await scope.choosing(() => void asked++, { blockList });
    const drop = once(front, 'drop');
    expect(await scope.talk(front, ssh)).toBe('');
    expect((await drop)[0]).toMatchObject({ reason: 'blockList' });
    expect(front.stats()).toMatchObject({ open: 0, accepted: 0, dropped: { blockList: 1 } });
    expect(asked).toBe(0);
  });

  test('needs the option sniff, which needs it', () => {
    const server = nodeNet.createServer();
    const codeOf = (...args: unknown[]): unknown => {
      try {
        return Reflect.apply(createFront, undefined, args);
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      }
    };
    expect(codeOf()).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(server, 5)).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(server, null)).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(() => server)).toBe('ERR_INVALID_ARG_VALUE');
    expect(codeOf(server, { sniff: true })).toBe('ERR_INVALID_ARG_VALUE');
    expect(codeOf(() => server, { sniff: 1 })).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(() => server, { sniff: true, sniffTimeout: 0 })).toBe('ERR_OUT_OF_RANGE');
    expect(codeOf(() => server, { sniff: true, sniffTimeout: '5' })).toBe('ERR_INVALID_ARG_TYPE');
  });
});
