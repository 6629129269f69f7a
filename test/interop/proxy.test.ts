// The proxies (`uvnet proxy`, examples/tcp-proxy.mjs, examples/load-balancer.mjs) between real
// clients (Debian's curl, wrk) and real servers (haproxy).
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import nodeNet, { type AddressInfo } from 'node:net';

import type { Program } from '../helpers/programs';
import { describeNeeds, missingCommand, needs } from '../helpers/needs';
import { runClient, startExample, startProgram } from '../helpers/programs';
import { Scope } from '../helpers/scope';
import { readAll } from '../helpers/streams';

const scope = new Scope(nodeNet);
const programs: Program[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const program of programs.splice(0).reverse()) {
    expect(await program.stop()).toEqual({ code: 0, signal: null });
  }
  for (const child of children.splice(0)) {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  }
  await scope.dispose();
});

async function started(program: Promise<Program>): Promise<Program> {
  programs.push(await program);
  return programs.at(-1)!;
}

const hello = () => started(startExample('http-hello.mjs', '0'));

/** Programs print `127.0.0.1:8080` or `8080`. */
const portOf = ({ where }: Program): string => where.replace(/^.*:/, '');

/** A loopback port on which no program listens. */
async function deadPort(): Promise<number> {
  const server = await scope.listen(scope.server());
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const proxies: [string, (port: string) => Promise<Program>][] = [
  ['tcp-proxy.mjs', (port) => startExample('tcp-proxy.mjs', '0', port)],
  ['load-balancer.mjs', (port) => startExample('load-balancer.mjs', '0', port)],
  ['uvnet proxy', (port) => startProgram('bin/uvnet.mjs', 'proxy', '--listen=0', `--to=${port}`)],
];

describe.each(proxies)('%s in front of an HTTP server', (_, start) => {
  let url: string;
  beforeEach(async () => {
    const proxy = await started(start((await hello()).where));
    url = `http://127.0.0.1:${portOf(proxy)}`;
  });

  needs(missingCommand('curl'))('passes a page and a body to curl (package curl)', async () => {
    const page = await runClient('curl', ['-sS', `${url}/hello.txt`]);
    expect(page).toMatchObject({ code: 0, stdout: 'Hello, world\n' });
    const body = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-d', 'x'.repeat(1_000_000)];
    // An argument has its limits: from stdin.
    body[body.length - 1] = '@-';
    const posted = await runClient('curl', [...body, url], 'x'.repeat(1_000_000));
    expect(posted).toMatchObject({ code: 0, stdout: '405' });
  });

  needs(missingCommand('wrk'))(
    'passes a second of load by wrk (package wrk) without an error',
    async () => {
      const load = ['-c', '20', '-t', '1', '-d', '1s', `${url}/`];
      const { stdout, code } = await runClient('wrk', load);
      expect(code).toBe(0);
      expect(stdout).not.toMatch(/Socket errors|Non-2xx/);
      expect(Number(/(\d+) requests in/.exec(stdout)?.[1])).toBeGreaterThan(0);
    },
  );
});

test('load-balancer.mjs skips a backend that is down, and the others share the load', async () => {
  const dead = await deadPort();
  const [one, two] = [await hello(), await hello()];
  const balancer = await started(
    startExample('load-balancer.mjs', '0', String(dead), one.where, two.where),
  );
  // Each holds its connection while the next one comes.
  const held = [];
  for (let i = 0; i < 4; i++) {
    const client = scope.track(nodeNet.connect(Number(balancer.where), '127.0.0.1'));
    client.write('GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n');
    const [chunk] = (await once(client, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
    held.push(client);
  }
  let text = '';
  balancer.child.stdout!.on('data', (chunk: string) => (text += chunk));
  balancer.child.kill('SIGUSR2');
  while (text.split('\n').length < 4) await once(balancer.child.stdout!, 'data');
  const lines = text.trim().split('\n');
  expect(lines[0]).toMatch(`${dead}: down, 0 open, 0 served, 1 failures`);
  expect(lines.slice(1).map((line) => /, (\d) open/.exec(line)?.[1])).toEqual(['2', '2']);
});

describeNeeds(missingCommand('haproxy'))(
  'uvnet proxy in front of HAProxy (package haproxy)',
  () => {
    /** HAProxy on an inherited descriptor, which answers with the address that it got. */
    async function receiver(): Promise<number> {
      const inherited = nodeNet.createServer().listen(0, '127.0.0.1');
      await once(inherited, 'listening');
      const { port } = inherited.address() as AddressInfo;
      const { fd } = (inherited as unknown as { _handle: { fd: number } })._handle;
      const configuration = scope.path('haproxy.cfg');
      writeFileSync(
        configuration,
        `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind fd@3 accept-proxy
  http-request return status 200 content-type text/plain lf-string "%ci|%cp|%fi|%fp"
`,
      );
      children.push(
        spawn('haproxy', ['-db', '-f', configuration], {
          stdio: ['ignore', 'inherit', 'inherit', fd],
        }),
      );
      inherited.close();
      return port;
    }

    test.each([
      ['v1', '127.0.0.1'],
      ['v2', '127.0.0.1'],
      ['v1', '::1'],
      ['v2', '::1'],
    ])("a header of %s gives HAProxy the client's address at %s", async (version, host) => {
      const target = await receiver();
      const listen = host === '::1' ? '[::1]:0' : `${host}:0`;
      const proxy = await started(
        startProgram('bin/uvnet.mjs', 'proxy', `--listen=${listen}`, `--to=${target}`,
        `--proxy-protocol=${version}`), // prettier-ignore
      );
      const port = Number(portOf(proxy));
      const client = scope.track(nodeNet.connect(port, host));
      await once(client, 'connect');
      const { localPort } = client;
      const answer = readAll(client);
      client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      expect((await answer).toString()).toContain(`\r\n\r\n${host}|${localPort}|${host}|${port}`);
    });

    test('a proxy passes on the address from its own header', async () => {
      const proxy = await started(
        startProgram(
          'bin/uvnet.mjs',
          'proxy',
          '--listen=0',
          `--to=${await receiver()}`,
          '--accept-proxy',
          '--trusted-proxy=127.0.0.1',
          '--proxy-protocol=v2',
        ),
      );
      const client = scope.track(nodeNet.connect(Number(portOf(proxy)), '127.0.0.1'));
      const answer = readAll(client);
      client.write('PROXY TCP4 192.0.2.7 198.51.100.1 4444 80\r\n');
      client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      expect((await answer).toString()).toContain('\r\n\r\n192.0.2.7|4444|198.51.100.1|80');
    });
  },
);
