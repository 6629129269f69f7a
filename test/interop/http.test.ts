// examples/http-hello.mjs and the clients of Debian's curl, wget and wrk.
import { connect } from 'node:net';

import type { Program } from '../helpers/programs';
import { missingCommand, needs } from '../helpers/needs';
import { runClient, startExample } from '../helpers/programs';
import { readAll } from '../helpers/streams';

describe('the HTTP server', () => {
  let server: Program;
  let url: string;
  beforeAll(async () => {
    server = await startExample('http-hello.mjs', '0');
    url = `http://127.0.0.1:${server.where}`;
  });
  afterAll(async () => {
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  needs(missingCommand('curl'))(
    'serves curl (package curl): a page, HEAD, 404 and 405',
    async () => {
      const page = await runClient('curl', ['-sS', '-i', `${url}/`]);
      expect(page.code).toBe(0);
      expect(page.stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(page.stdout).toMatch(/<h1>Hello from uvnet<\/h1>\n$/);
      const head = await runClient('curl', ['-sS', '-I', `${url}/hello.txt`]);
      expect(head.stdout).toContain('Content-Length: 13\r\n');
      const status = ['-sS', '-o', '/dev/null', '-w', '%{http_code}'];
      expect((await runClient('curl', [...status, `${url}/none`])).stdout).toBe('404');
      expect((await runClient('curl', [...status, '-X', 'DELETE', `${url}/`])).stdout).toBe('405');
    },
  );

  needs(missingCommand('curl'))(
    'serves three requests of curl on one connection, one of them with a body',
    async () => {
      const { stdout, code } = await runClient('curl', [
      '-sS', '-o', '/dev/null', '-w', '%{num_connects} ', `${url}/`,
      '--next', '-sS', '-o', '/dev/null', '-w', '%{num_connects} ', '-d', 'x'.repeat(100_000), '--limit-rate', '1M', `${url}/`,
      '--next', '-sS', '-o', '/dev/null', '-w', '%{num_connects} ', `${url}/hello.txt`,
    ]); // prettier-ignore
      expect(code).toBe(0);
      expect(stdout).toBe('1 0 0 ');
    },
  );

  needs(missingCommand('curl'))(
    'closes an HTTP/1.0 connection of curl after the answer',
    async () => {
      const { stdout } = await runClient('curl', ['-sS', '-0', '-i', `${url}/hello.txt`]);
      expect(stdout).toContain('Connection: close\r\n');
      expect(stdout).toMatch(/Hello, world\n$/);
    },
  );

  needs(missingCommand('wget'))('serves wget (package wget)', async () => {
    const { stdout, code } = await runClient('wget', ['-q', '-O', '-', `${url}/hello.txt`]);
    expect({ stdout, code }).toEqual({ stdout: 'Hello, world\n', code: 0 });
  });

  needs(missingCommand('wrk'))(
    'serves a second of load by wrk (package wrk) without an error',
    async () => {
      const { stdout, code } = await runClient('wrk', [
        '-c',
        '20',
        '-t',
        '1',
        '-d',
        '1s',
        `${url}/`,
      ]);
      expect(code).toBe(0);
      expect(Number(/(\d+) requests in/.exec(stdout)?.[1])).toBeGreaterThan(0);
      expect(stdout).not.toMatch(/Socket errors|Non-2xx/);
    },
  );

  test('answers pipelined requests in one chunk, and a request that arrives byte by byte', async () => {
    const client = connect(Number(server.where), '127.0.0.1').setNoDelay(true);
    const answers = readAll(client);
    client.write('GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
    for (const letter of 'GET /hello.txt HTTP/1.1\r\nConnection: close\r\n\r\n') {
      client.write(letter);
    }
    const text = (await answers).toString();
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(4);
    expect(text.match(/Hello, world\n/g)).toHaveLength(4);
  });

  test('answers invalid bytes with a bad-request error, and rejects a head that is too long', async () => {
    const ask = (text: string): Promise<Buffer> => {
      const client = connect(Number(server.where), '127.0.0.1');
      const answer = readAll(client);
      client.write(text);
      return answer;
    };
    expect((await ask('nonsense\r\n\r\n')).toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect((await ask('GET / HTTP/1.1\r\nX: '.padEnd(20_000, 'x'))).toString()).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });
});
