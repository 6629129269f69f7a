// The examples of uvnet/promises with real clients and servers.
import { spawn } from 'node:child_process';
import http from 'node:http';
import nodeNet from 'node:net';
import path from 'node:path';

import { addonEnvironment } from '../helpers/child';
import { missingCommand, needs } from '../helpers/needs';
import { runClient, startExample, type Program } from '../helpers/programs';
import { Scope } from '../helpers/scope';
import { readAll } from '../helpers/streams';

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

async function webServer(): Promise<string> {
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
      } else {
        response.end(`path ${request.url}`);
      }
    }),
  );
  await scope.listen(server);
  return `http://127.0.0.1:${(server.address() as nodeNet.AddressInfo).port}`;
}

describe('the HTTP client', () => {
  test('reads bodies with a length, in chunks and up to the end over one connection', async () => {
    const url = await webServer();
    expect(await printed('async-http.mjs', `${url}/first`, '/chunks', '/', '/end')).toBe(
      '200, 11 bytes\npath /first\n200, 9 bytes\nin chunks\n200, 6 bytes\npath /\n200, 13 bytes\nup to the end\n',
    );
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

  test('refuses a client that insists on a password', async () => {
    const { where } = await started('async-socks.mjs');
    const client = scope.connect({ port: Number(where), host: '127.0.0.1' });
    client.write(Buffer.from([5, 1, 2]));
    expect([...(await readAll(client))]).toEqual([5, 0xff]);
  });
});

describe('the chat room', () => {
  test('passes lines on, and reports who joins and leaves', async () => {
    const { where } = await started('async-chat.mjs');
    const join = async (
      name: string,
    ): Promise<{ socket: nodeNet.Socket; sees: (line: string) => Promise<void> }> => {
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
    };
    const ann = await join('ann');
    await ann.sees('* welcome, ann. Here: ann');
    const bob = await join('bob');
    await bob.sees('* welcome, bob. Here: ann, bob');
    await ann.sees('* bob has joined');
    bob.socket.write('hello, größer\n');
    await ann.sees('bob: hello, größer');
    bob.socket.destroy();
    await ann.sees('* bob has left');
    expect(ann.socket.destroyed).toBe(false);
    ann.socket.destroy();
  });
});
