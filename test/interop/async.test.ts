// The examples of uvnet/promises with real clients and servers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import nodeNet from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { addonEnvironment } from '../helpers/child';
import { missingCommand, needs } from '../helpers/needs';
import { runClient, startExample, type Program } from '../helpers/programs';
import { Scope } from '../helpers/scope';
import { readAll, readBytes } from '../helpers/streams';

const scope = new Scope(nodeNet);
const programs: Program[] = [];
afterEach(async () => {
  for (const program of programs.splice(0)) {
    expect(await program.stop()).toEqual({ code: 0, signal: null });
  }
  await scope.dispose();
});

async function started(file: string): Promise<Program> {
  const program = await startExample(file, '0');
  programs.push(program);
  return program;
}

/** Runs an example to its end; returns what it prints. */
async function printed(file: string, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [path.resolve('examples', file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: addonEnvironment,
  });
  return String(await readAll(child.stdout as never));
}

/** Runs an example against a server, to its end. `where` makes its argument of the server's port. */
async function outcomeOf(
  file: string,
  serve: (socket: nodeNet.Socket) => void,
  where: (port: number) => string,
): Promise<{ code: number | null; stdout: string }> {
  const server = scope.trackServer(nodeNet.createServer(serve));
  await scope.listen(server);
  const { port } = server.address() as nodeNet.AddressInfo;
  const child = spawn(process.execPath, [path.resolve('examples', file), where(port)], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: addonEnvironment,
  });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const stdout = String(await readAll(child.stdout as never));
  return { code: (await exit)[0], stdout };
}

async function webServer(host = '127.0.0.1'): Promise<string> {
  const server = scope.trackServer(
    http.createServer((request, response) => {
      if (request.url === '/chunks') {
        response.write('in ');
        response.write('chunks');
        response.end();
      } else if (request.url === '/end') {
        response.shouldKeepAlive = false;
        response.useChunkedEncodingByDefault = false;
        response.removeHeader('Transfer-Encoding');
        response.write('up to the end');
        response.end();
      } else if (request.url === '/nothing') {
        response.writeHead(204).end();
      } else if (request.url === '/hints') {
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        response.end('after hints');
      } else {
        response.end(`path ${request.url}`);
      }
    }),
  );
  await scope.listen(server, { port: 0, host });
  return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as nodeNet.AddressInfo).port}`;
}

describe('the HTTP client', () => {
  /** Runs the client against a server that answers with this text and then ends. */
  const clientOf = (response: string): ReturnType<typeof outcomeOf> =>
    outcomeOf(
      'async-http.mjs',
      (socket) => void socket.once('data', () => socket.end(response)),
      (port) => `http://127.0.0.1:${port}/`,
    );

  test('reads bodies with a length, in chunks and up to the end over one connection', async () => {
    const url = await webServer();
    expect(await printed('async-http.mjs', `${url}/first`, '/chunks', '/', '/end')).toBe(
      '200, 11 bytes\npath /first\n200, 9 bytes\nin chunks\n200, 6 bytes\npath /\n200, 13 bytes\nup to the end\n',
    );
  });

  test('takes 204 for a response without a body, and reads on after early hints', async () => {
    const url = await webServer();
    expect(await printed('async-http.mjs', `${url}/nothing`, '/hints')).toBe(
      '204, 0 bytes\n\n200, 11 bytes\nafter hints\n',
    );
  });

  test('connects to a URL with an IPv6 address', async () => {
    expect(await printed('async-http.mjs', `${await webServer('::1')}/six`)).toBe(
      '200, 9 bytes\npath /six\n',
    );
  });

  test.each([
    ['the head', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['a body with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'],
    ['a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nabc'],
    ['the chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n'],
  ])('fails if the server ends within %s', async (_, response) => {
    expect(await clientOf(response)).toEqual({ code: 1, stdout: '' });
  });
});

describe('the Redis client', () => {
  test('gets the replies of a pipeline in order', async () => {
    const { where } = await started('resp-server.mjs');
    const text = await printed('async-resp.mjs', where);
    expect(text).toMatch(/^OK\nhello, größer\nerror: ERR unknown command/);
    expect(text).toMatch(/\n1,000 commands in flight: 1 to 1000\n$/);
  });
});

describe('the Redis client, against other servers', () => {
  needs(missingCommand('redis-server'))('gets the replies of redis-server', async () => {
    const place = await scope.listen(scope.server());
    const { port } = place.address() as nodeNet.AddressInfo;
    await new Promise((resolve) => place.close(resolve));
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()];
    const redis = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let log = '';
      for await (const chunk of redis.stdout) {
        log += String(chunk);
        if (log.includes('Ready to accept connections')) break;
      }
      const text = await printed('async-resp.mjs', `${port}`);
      expect(text).toMatch(/^OK\nhello, größer\nerror: ERR unknown command/);
      expect(text).toMatch(/\n1,000 commands in flight: 1 to 1000\n$/);
    } finally {
      redis.kill();
      if (redis.exitCode === null) await once(redis, 'exit');
    }
  });

  /** Runs the client against a server that sends this text and leaves the connection open. */
  const clientOf = (text: string): ReturnType<typeof outcomeOf> =>
    outcomeOf(
      'async-resp.mjs',
      (socket) =>
        void socket
          .on('error', () => {})
          .resume()
          .write(text),
      String,
    );

  test('takes an array of no size for null', async () => {
    const counts = Array.from({ length: 1000 }, (_, i) => `:${i + 1}\r\n`).join('');
    const { code, stdout } = await clientOf(`+OK\r\n*-1\r\n-ERR no\r\n:1\r\n${counts}`);
    expect([code, stdout]).toEqual([
      0,
      'OK\nnull\nerror: ERR no\n1,000 commands in flight: 1 to 1000\n',
    ]);
  });

  test.each(['!bogus\r\n', '$x\r\n', '*\r\n', ':1e3\r\n'])(
    'closes the connection after a reply that makes no sense: %j',
    async (reply) => {
      expect(await clientOf(`+OK\r\n${reply}`)).toEqual({ code: 1, stdout: 'OK\n' });
    },
  );
});

describe('the SOCKS5 proxy', () => {
  needs(missingCommand('curl')).each(['--socks5', '--socks5-hostname'])(
    'connects curl %s to a web server',
    async (option) => {
      const { where } = await started('async-socks.mjs');
      const url = (await webServer()).replace('127.0.0.1', 'localhost');
      const args = ['-sS', '-4', option, `127.0.0.1:${where}`, `${url}/by-socks`, `${url}/again`];
      expect(await runClient('curl', args)).toMatchObject({
        code: 0,
        stdout: 'path /by-socks' + 'path /again',
      });
    },
  );

  test.each([
    ['a port on which nothing listens', [5, 1, 0, 1, 127, 0, 0, 1, 0, 1], 5],
    ['an unknown command', [5, 2, 0, 1, 127, 0, 0, 1, 0, 1], 7],
    ['an unknown type of address', [5, 1, 0, 9], 8],
  ])('answers %s with the code of RFC 1928', async (_, request, code) => {
    const { where } = await started('async-socks.mjs');
    const client = scope.connect({ port: Number(where), host: '127.0.0.1' });
    client.write(Buffer.from([5, 1, 0, ...request]));
    const all = await readAll(client);
    expect([...all.subarray(0, 4)]).toEqual([5, 0, 5, code]);
  });

  needs(missingCommand('curl'))('connects curl to an IPv6 address', async () => {
    const { where } = await started('async-socks.mjs');
    const args = ['-sS', '--socks5', `127.0.0.1:${where}`, `${await webServer('::1')}/six`];
    expect(await runClient('curl', args)).toMatchObject({ code: 0, stdout: 'path /six' });
  });

  /** A target that counts its connections, and the bytes of a request for it by name. */
  async function target(): Promise<{ open: Set<nodeNet.Socket>; request: Buffer }> {
    const open = new Set<nodeNet.Socket>();
    const server = scope.trackServer(
      nodeNet.createServer((socket) => {
        open.add(socket);
        socket.on('error', () => {}).once('close', () => open.delete(socket));
        socket.resume();
      }),
    );
    await scope.listen(server);
    const { port } = server.address() as nodeNet.AddressInfo;
    const name = Buffer.from('127.0.0.1');
    const head = Buffer.from([5, 1, 0, 5, 1, 0, 3, name.length]);
    return { open, request: Buffer.concat([head, name, Buffer.from([port >> 8, port & 255])]) };
  }

  test('survives clients that reset at any time, and closes their targets', async () => {
    const program = await started('async-socks.mjs');
    const { open, request } = await target();
    for (let i = 0; i < 100; i += 1) {
      const client = nodeNet.connect(Number(program.where), '127.0.0.1');
      client.on('error', () => {});
      await once(client, 'connect');
      client.write(request);
      for (let turns = i % 25; turns > 0; turns -= 1) await new Promise(setImmediate);
      client.resetAndDestroy();
      await once(client, 'close');
    }
    // The proxy has handled all of them when it has answered one more.
    const last = scope.connect({ port: Number(program.where), host: '127.0.0.1' });
    last.write(request);
    await readBytes(last, 12);
    last.destroy();
    while (open.size > 0) await once([...open][0], 'close');
    expect(program.child.exitCode).toBeNull();
  });

  test('ends at a signal though a tunnel is open', async () => {
    const program = await started('async-socks.mjs');
    const { open, request } = await target();
    const client = scope.connect({ port: Number(program.where), host: '127.0.0.1' });
    client.on('error', () => {}).write(request);
    expect([...(await readBytes(client, 12))].slice(0, 4)).toEqual([5, 0, 5, 0]);
    expect(await program.stop()).toEqual({ code: 0, signal: null });
    for (const socket of open) await once(socket, 'close');
  });

  test('answers a request for an empty name with a failure', async () => {
    const { where } = await started('async-socks.mjs');
    const client = scope.connect({ port: Number(where), host: '127.0.0.1' });
    client.write(Buffer.from([5, 1, 0, 5, 1, 0, 3, 0, 0, 80]));
    expect([...(await readAll(client))].slice(0, 4)).toEqual([5, 0, 5, 1]);
  });

  test('refuses a client that insists on a password', async () => {
    const { where } = await started('async-socks.mjs');
    const client = scope.connect({ port: Number(where), host: '127.0.0.1' });
    client.write(Buffer.from([5, 1, 2]));
    expect([...(await readAll(client))]).toEqual([5, 0xff]);
  });
});

describe('the chat room', () => {
  interface User {
    socket: nodeNet.Socket;
    sees: (line: string) => Promise<void>;
  }

  async function enter(where: string, name: string): Promise<User> {
    const socket = scope.connect({ port: Number(where), host: '127.0.0.1' });
    let text = '';
    let wake = (): void => {};
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      wake();
    });
    const sees = async (line: string): Promise<void> => {
      while (!text.includes(`${line}\n`)) await new Promise<void>((resolve) => (wake = resolve));
      text = text.slice(text.indexOf(line) + line.length);
    };
    await sees('* your name?');
    socket.write(`${name}\n`);
    return { socket, sees };
  }

  test('passes lines on, and reports who joins and leaves', async () => {
    const { where } = await started('async-chat.mjs');
    const ann = await enter(where, 'ann');
    await ann.sees('* welcome, ann. Here: ann');
    const bob = await enter(where, 'bob');
    await bob.sees('* welcome, bob. Here: ann, bob');
    await ann.sees('* bob has joined');
    bob.socket.write('hello, größer\n');
    await ann.sees('bob: hello, größer');
    bob.socket.destroy();
    await ann.sees('* bob has left');
    expect(ann.socket.destroyed).toBe(false);
    ann.socket.destroy();
  });

  test('has one user of each name, and ends though they are there', async () => {
    const { where } = await started('async-chat.mjs');
    const ann = await enter(where, 'ann');
    await ann.sees('* welcome, ann. Here: ann');
    const other = await enter(where, 'ann');
    await other.sees('* ann is here already. Another name?');
    other.socket.write('bob\n');
    await other.sees('* welcome, bob. Here: ann, bob');
    for (const { socket } of [ann, other]) socket.on('error', () => {});
    // The end of the case stops the room, which must succeed.
  });

  test('disconnects a user who does not read, and nobody else', async () => {
    const { where } = await started('async-chat.mjs');
    const ann = await enter(where, 'ann');
    await ann.sees('* welcome, ann. Here: ann');
    const slow = await enter(where, 'slow');
    await slow.sees('* welcome, slow. Here: ann, slow');
    const bob = await enter(where, 'bob');
    await ann.sees('* bob has joined');
    slow.socket.on('error', () => {}).pause();
    let left = false;
    const leaving = ann.sees('* slow has left').then(() => (left = true));
    while (!left) {
      const room = ann.socket.write(`${'x'.repeat(900)}\n`.repeat(100));
      if (!room) await once(ann.socket, 'drain');
      await new Promise(setImmediate);
    }
    await leaving;
    await bob.sees('* slow has left');
    for (const { socket } of [ann, slow, bob]) socket.destroy();
  });

  needs(missingCommand('nc'))('takes nc for a user', async () => {
    const { where } = await started('async-chat.mjs');
    const ann = await enter(where, 'ann');
    await ann.sees('* welcome, ann. Here: ann');
    const nc = await runClient('nc', ['-N', '127.0.0.1', where], 'nick\nhello\n');
    expect(nc).toMatchObject({
      code: 0,
      stdout: '* your name?\n* welcome, nick. Here: ann, nick\n',
    });
    await ann.sees('nick: hello');
    await ann.sees('* nick has left');
    ann.socket.destroy();
  });
});
