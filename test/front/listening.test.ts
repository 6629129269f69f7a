// How a front listens, and what the sockets that it makes have in the kernel.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createFront, type Front } from 'uvnet/front';

import { addonEnvironment } from '../helpers/child';
import { FrontScope, portOfFront, proxyHeader, startStarved } from '../helpers/fronts';
import { Observer, type Query } from '../helpers/kernel';

const entry = require.resolve('../../dist/front.js');
const fronts = new FrontScope();
afterEach(() => fronts.dispose());

const onLinux = process.platform === 'linux';
const testLinux = onLinux ? test : test.skip;

/** Connects and returns both ends. */
async function join(server: net.Server, front: Front): Promise<[net.Socket, net.Socket]> {
  const connected = once(server, 'connection');
  // A client of its own, without the options of those of the scope.
  const client = net.connect(portOfFront(front), '127.0.0.1').on('error', () => {});
  const [socket] = (await connected) as [net.Socket];
  return [client, socket.on('error', () => {})];
}

async function outputOf(child: ChildProcess): Promise<string> {
  const [output] = await Promise.all([child.stdout!.toArray(), once(child, 'close')]);
  return String(Buffer.concat(output as Buffer[]));
}

async function ask(place: net.NetConnectOpts): Promise<string> {
  const client = net.connect(place);
  client.end();
  return String(Buffer.concat((await client.toArray()) as Buffer[]));
}

testLinux.each(['Node sets these options', 'uvnet sets these options'])(
  '%s on each accepted socket',
  async (side) => {
    const observer = new Observer();
    try {
      // The kernel's own numbers.
      const [SOCKET, TCP, IP] = [1, 6, 0];
      const all: [object, [Query, number][]] = side.startsWith('Node')
        ? [
            { noDelay: true, keepAlive: true, keepAliveInitialDelay: 11_000 },
            [
              [[TCP, 1], 1],
              [[SOCKET, 9], 1],
              [[TCP, 4], 11],
            ],
          ]
        : [
            { userTimeout: 4321, typeOfService: 'AF41', keepAliveCount: 4, linger: 0 },
            [
              [[TCP, 18], 4321],
              [[IP, 1], 0x88],
              [[TCP, 6], 4],
              [[SOCKET, 13], 1],
            ],
          ];
      const server = net.createServer();
      const front = await fronts.open(server, all[0]);
      const [client, socket] = await join(server, front);
      for (const [query, value] of all[1]) {
        expect(await observer.number(socket, query)).toBe(value);
        // It is not so by itself.
        expect(await observer.number(client, query)).not.toBe(value);
      }
      client.destroy();
    } finally {
      await observer.close();
    }
  },
);

test('pauseOnConnect and highWaterMark hold for each socket, and not for those of other servers', async () => {
  const server = net.createServer();
  const front = await fronts.open(server, { pauseOnConnect: true, highWaterMark: 4321 });
  const [client, socket] = await join(server, front);
  expect(socket.isPaused()).toBe(true);
  expect([socket.readableHighWaterMark, socket.writableHighWaterMark]).toEqual([4321, 4321]);
  client.destroy();
  const other = net.createServer();
  const [, plain] = await join(other, await fronts.open(other));
  expect(plain.isPaused()).toBe(false);
  plain.destroy();
});

testLinux('two fronts share a port with reusePort, and only with it', async () => {
  const servers = [1, 2].map((number) => net.createServer((socket) => socket.end(String(number))));
  const first = await fronts.open(servers[0]!, {}, { port: 0, host: '127.0.0.1', reusePort: true });
  const place = { port: portOfFront(first), host: '127.0.0.1' };
  await fronts.open(servers[1]!, {}, { ...place, reusePort: true });
  const seen = new Set<string>();
  // The kernel chooses by a hash of the client's port.
  while (seen.size < 2) seen.add(await ask(place));
  const third = createFront(net.createServer());
  third.listen(place);
  const [error] = (await once(third, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('EADDRINUSE');
  expect(third.listening).toBe(false);
  await fronts.open(net.createServer());
});

test('a front that cannot listen emits error, its server does not listen, and both can try again', async () => {
  const server = net.createServer((socket) => socket.end('hello'));
  const front = createFront(server);
  front.listen({ fd: 2_000_000_000 });
  const [error] = (await once(front, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toMatch(/^(EBADF|EINVAL)$/);
  expect([front.listening, server.listening]).toEqual([false, false]);
  await fronts.listen(front);
  expect(await ask({ port: portOfFront(front), host: '127.0.0.1' })).toBe('hello');
  await front.close();
});

test('a front listens on a descriptor', async () => {
  const program = `
    const { createFront } = require(${JSON.stringify(entry)});
    const net = require('node:net');
    const front = createFront(net.createServer((socket) => socket.end('hello')));
    front.listen({ fd: 3 }, () => {
      net.connect(front.address().port, '127.0.0.1').on('data', (text) => {
        console.log(String(text), front.fd === 3);
        front.close();
      });
    });`;
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle;
  const child = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
    env: addonEnvironment,
  });
  // Otherwise both accept.
  listener.close();
  const output = await outputOf(child);
  expect(output).toBe('hello true\n');
});

describe('a path', () => {
  let folder: string;
  let place: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'uvnet-front-'));
    place = path.join(folder, 'front.sock');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const hello = (): net.Server => net.createServer((socket) => socket.end('hello'));

  test('has the mode that was asked for', async () => {
    await fronts.open(hello(), {}, { path: place, mode: 0o620 });
    expect(statSync(place).mode & 0o777).toBe(0o620);
  });

  test('is replaced if nobody listens there any more, and only then', async () => {
    const dies = `
      require('node:net').createServer().listen(process.argv[1], () => {
        process.kill(process.pid, 'SIGKILL');
      });`;
    spawnSync(process.execPath, ['-e', dies, place]);
    expect(statSync(place).isSocket()).toBe(true);
    const strict = createFront(hello());
    strict.listen({ path: place });
    expect(((await once(strict, 'error')) as [NodeJS.ErrnoException])[0].code).toBe('EADDRINUSE');

    await fronts.open(hello(), {}, { path: place, replaceStale: true });
    expect(await ask({ path: place })).toBe('hello');
    const other = createFront(hello());
    other.listen({ path: place, replaceStale: true });
    expect(((await once(other, 'error')) as [NodeJS.ErrnoException])[0].code).toBe('EADDRINUSE');
    expect(await ask({ path: place })).toBe('hello');
  });
});

test.each([
  ['a number', { port: 0 }],
  ['a name that is looked up', { port: 0, host: 'localhost' }],
])('a front that closes before it listens never does (%s)', async (_, place) => {
  const server = net.createServer();
  let listened = 0;
  server.on('listening', () => listened++);
  const aborted = createFront(server);
  aborted.listen({ ...place, signal: AbortSignal.abort() });
  await once(aborted, 'close');
  const closed = createFront(server);
  closed.listen(place);
  expect(await closed.close()).toEqual({ ended: 0, destroyed: 0 });
  // Its lookup comes after those of both.
  const last = await fronts.open(net.createServer(), {}, { port: 0, host: 'localhost' });
  expect([aborted.listening, closed.listening, server.listening]).toEqual([false, false, false]);
  expect(last.listening).toBe(true);
  expect(listened).toBe(0);
});

test('open fronts survive garbage collections, and closed ones are collected', async () => {
  const program = `
    const net = require('node:net');
    const { createFront } = require(${JSON.stringify(entry)});
    const tick = () => new Promise(setImmediate);
    (async () => {
      let weak;
      const port = await (async () => {
        const front = createFront(net.createServer((socket) => socket.end('hello')));
        weak = new WeakRef(front);
        front.listen(0, '127.0.0.1');
        await new Promise((resolve) => front.once('listening', resolve));
        return front.address().port;
      })();
      for (let i = 0; i < 5; i++) { gc(); await tick(); }
      const text = await new Promise((resolve) => net.connect(port, '127.0.0.1').once('data', resolve));
      console.log(String(text));
      await weak.deref().close();
      // What deref() returns is kept until the next turn.
      let isThere = true;
      for (let i = 0; i < 1000 && isThere; i++) {
        await tick();
        gc();
        isThere = weak.deref() !== undefined;
      }
      console.log(!isThere);
    })();`;
  const child = spawn(process.execPath, ['--expose-gc', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: addonEnvironment,
  });
  const output = await outputOf(child);
  expect(output).toBe('hello\ntrue\n');
});

testLinux('a front without descriptors says so, and serves those who waited', async () => {
  const clients = 150;
  const program = `
    const net = require('node:net');
    const { createFront } = require(${JSON.stringify(entry)});
    const server = net.createServer((socket) => socket.on('error', () => {}).pipe(socket));
    server.on('error', (error) => console.log('error ' + error.message));
    const front = createFront(server);
    front.once('acceptError', ({ code }) => console.log('acceptError ' + code));
    front.listen({ port: 0, host: '127.0.0.1', backlog: 511 }, () => {
      console.log('port ' + front.address().port);
    });
    process.stdin.on('end', () => {
      const { accepted, open, acceptErrors } = front.stats();
      console.log('stats ' + JSON.stringify({ accepted, open, failed: acceptErrors > 0 }));
      process.exit();
    }).resume();`;
  const { child, answer, port } = await startStarved(program);
  let mayLeave = (): void => {};
  const full = new Promise<void>((resolve) => (mayLeave = resolve));
  const served = Array.from({ length: clients }, async (_, number) => {
    const client = net.connect(port, '127.0.0.1').setEncoding('utf8');
    client.write(`client ${number}`);
    const [echo] = (await once(client, 'data')) as [string];
    await full;
    client.end();
    await once(client, 'close');
    return echo === `client ${number}`;
  });
  expect(await answer()).toBe('acceptError EMFILE');
  mayLeave();
  expect((await Promise.all(served)).every(Boolean)).toBe(true);
  child.stdin.end();
  expect(await answer()).toBe(`stats {"accepted":${clients},"open":0,"failed":true}`);
  await once(child, 'close');
});

test.each([
  ['its own listen()', 'TCPSERVERWRAP'],
  ['a front', 'UVNETFRONT'],
])('async_hooks sees the connections of a server with %s in a %s', async (listener, type) => {
  const program = `
    const { createHook, executionAsyncId } = require('node:async_hooks');
    const net = require('node:net');
    const types = new Map();
    createHook({ init: (id, type) => void types.set(id, type) }).enable();
    const server = net.createServer((socket) => {
      console.log(types.get(executionAsyncId()));
      socket.once('data', () => {
        console.log(types.get(executionAsyncId()));
        socket.end();
        listener.close();
      });
    });
    const listener =
      process.argv[1] === 'a front' ? require(${JSON.stringify(entry)}).createFront(server) : server;
    listener.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1').resume().write('x'));`;
  const child = spawn(process.execPath, ['-e', program, listener], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: addonEnvironment,
  });
  const output = await outputOf(child);
  expect(output).toBe(`${type}\nTCPWRAP\n`);
});

test('an http2 server without TLS answers through a front, by the names of the header', async () => {
  const http2 = await import('node:http2');
  const server = http2.createServer(({ socket }, response) => {
    response.end(`${socket.remoteAddress} ${socket.remotePort}`);
  });
  const front = await fronts.open(server, { proxyProtocol: 'required' });
  const client = http2.connect('http://example.org', {
    createConnection: () => {
      const socket = net.connect(portOfFront(front), '127.0.0.1');
      socket.write(proxyHeader);
      return socket;
    },
  });
  expect(String(await client.request().toArray())).toBe('192.0.2.1 1234');
  client.close();
});

test('an upgrade reaches the server, whose socket has the client of the header', async () => {
  const server = http.createServer().on('upgrade', (_, socket: net.Socket, head: Buffer) => {
    socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${socket.remoteAddress} ${String(head)}`);
  });
  const front = await fronts.open(server, { proxyProtocol: 'required' });
  const client = net.connect(portOfFront(front), '127.0.0.1');
  client.write(proxyHeader);
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhead');
  expect(String(await client.toArray())).toMatch(/\r\n\r\n192\.0\.2\.1 head$/);
});
