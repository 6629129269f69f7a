// The command `uvnet proxy`: its output, and how it ends.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import nodeNet, { type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';

import { addonEnvironment } from '../helpers/child';
import { nextEvent } from '../helpers/events';
import { startProgram } from '../helpers/programs';
import { Scope } from '../helpers/scope';

const command = path.resolve(__dirname, '../../bin/uvnet.mjs');
const scope = new Scope(nodeNet);
afterEach(() => scope.dispose());

function run(...args: string[]) {
  const options = { encoding: 'utf8', env: addonEnvironment, timeout: 15_000 } as const;
  return spawnSync(process.execPath, [command, 'proxy', ...args], options);
}

const start = (...args: string[]) => startProgram('bin/uvnet.mjs', 'proxy', ...args);

async function target(): Promise<string> {
  const server = scope.server({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {}).pipe(socket);
  });
  await scope.listen(server);
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function join(where: string): Socket {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(where)!;
  const client = scope.track(nodeNet.connect({ host, port: Number(port), allowHalfOpen: true }));
  client.on('error', () => {});
  return client;
}

test('--help prints the usage', () => {
  const { status, stdout } = run('--help');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Usage: uvnet proxy --listen ADDRESS --to ADDRESS/);
});

test.each([
  [[], '--listen is missing'],
  [['--listen=1'], '--to is missing'],
  [['--listen=1', '--to=host'], '--to: host is not an address'],
  [['--listen=65536', '--to=1'], '--listen: 65536 is not an address'],
  [['--listen=1', '--to=1', '--proxy-protocol=v3'], '--proxy-protocol is v1 or v2'],
  [['--listen=1', '--to=1', '--idle-timeout=x'], '--idle-timeout: x is not a positive number'],
  [['--listen=1', '--to=1', '--lissten=1'], "Unknown option '--lissten'"],
  [['--listen=1', '--to=:1'], '--to: :1 is not an address'],
  [['--listen=1', '--to=1', '--mode=660'], '--mode needs a path'],
  [['--listen=/x/y', '--to=1', '--mode=9'], '--mode: 9 is not three octal digits'],
  [['--listen=1', '--to=1', '--accept-proxy'], '--accept-proxy needs --trusted-proxy'],
  [['--listen=1', '--to=1', '--trusted-proxy=::/0'], '--trusted-proxy needs --accept-proxy'],
  [
    ['--listen=1', '--to=1', '--accept-proxy', '--trusted-proxy=10.0.0.0/33'],
    '--trusted-proxy: 10.0.0.0/33 is not an address or a subnet',
  ],
  [
    ['--listen=1', '--to=1', '--accept-proxy', '--trusted-proxy=10.0.0.0/'],
    '--trusted-proxy: 10.0.0.0/ is not an address or a subnet',
  ],
])('wrong usage is reported in one line: %j', (args, message) => {
  const { status, stderr } = run(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(`uvnet proxy: ${message}`);
  expect(stderr).toMatch(/^[^\n]*; see uvnet proxy --help\n$/);
});

test('an address in use is reported in one line', async () => {
  const { status, stderr } = run(`--listen=${await target()}`, '--to=1');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^uvnet proxy: listen EADDRINUSE/);
});

test('a signal ends it when the connections have ended, and a second one at once', async () => {
  const proxy = await start('--listen=0', `--to=${await target()}`);
  const client = join(proxy.where);
  client.write('still ');
  await nextEvent(client, 'data');
  const stopped = proxy.stop();
  client.end('here');
  await nextEvent(client, 'end');
  expect(await stopped).toEqual({ code: 0, signal: null });

  const other = await start('--listen=0', `--to=${await target()}`);
  const stays = join(other.where);
  stays.write('x');
  await nextEvent(stays, 'data');
  void other.stop();
  // No connection is accepted any more: the first signal has arrived.
  for (;;) {
    const late = join(other.where);
    const refused = await new Promise((resolve) => {
      late.once('connect', () => resolve(false)).once('error', () => resolve(true));
    });
    late.destroy();
    if (refused) break;
  }
  expect(await other.stop()).toEqual({ code: 0, signal: null });
});

test('a signal that comes before it listens ends it', () => {
  // The name's address comes only after the signal.
  const lookup = `(name, options, done) => {
    setImmediate(() => process.kill(process.pid, 'SIGTERM'));
    setTimeout(() => done(null, options.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4), 100);
  }`;
  const preload = `data:text/javascript,${encodeURIComponent(`import dns from 'node:dns'; dns.lookup = ${lookup};`)}`;
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', preload, command, 'proxy', '--listen=name.test:0', '--to=1'],
    { encoding: 'utf8', env: addonEnvironment, timeout: 15_000 },
  );
  expect({ status, signal, stdout, stderr }).toEqual({
    status: 0,
    signal: null,
    stdout: '',
    stderr: '',
  });
});

test('--json prints the counters as lines of JSON', async () => {
  const proxy = await start('--listen=127.0.0.1:0', `--to=${await target()}`, '--json');
  expect(proxy.where).toMatch(/^127\.0\.0\.1:\d+$/);
  let text = '';
  proxy.child.stdout!.on('data', (chunk: string) => (text += chunk));
  const client = join(proxy.where);
  client.end('12345');
  client.resume();
  await nextEvent(client, 'end');
  expect(await proxy.stop()).toEqual({ code: 0, signal: null });
  const last = text.trim().split('\n').at(-1)!;
  expect(JSON.parse(last)).toEqual({
    open: 0,
    accepted: 1,
    failed: 0,
    bytesToTarget: 5,
    bytesToClient: 5,
  });
});

test('--max-connections turns further clients away', async () => {
  const proxy = await start('--listen=0', `--to=${await target()}`, '--max-connections=1');
  const first = join(proxy.where);
  first.write('x');
  await nextEvent(first, 'data');
  const second = join(proxy.where);
  second.resume();
  await nextEvent(second, 'end');
  second.destroy();
  first.write('y');
  expect(String(await nextEvent(first, 'data'))).toBe('y');
  first.destroy();
  expect(await proxy.stop()).toEqual({ code: 0, signal: null });
});

test('--idle-timeout ends connections on which nothing moves', async () => {
  const proxy = await start('--listen=0', `--to=${await target()}`, '--idle-timeout=0.2');
  const client = join(proxy.where);
  const ended = nextEvent(client, 'end');
  client.resume();
  client.write('x');
  await ended;
  client.destroy();
  expect(await proxy.stop()).toEqual({ code: 0, signal: null });
});

test('an unreachable target is reported, and paths work', async () => {
  const where = scope.path('front');
  const proxy = await start(`--listen=${where}`, `--to=${scope.path('nobody')}`);
  expect(proxy.where).toBe(where);
  let text = '';
  proxy.child.stdout!.on('data', (chunk: string) => (text += chunk));
  const client = scope.track(nodeNet.connect(where));
  client.resume();
  await nextEvent(client, 'close');
  while (!text.includes('target')) await nextEvent(proxy.child.stdout!, 'data');
  expect(text).toMatch(/^target: connect ENOENT .*nobody/m);
  expect(await proxy.stop()).toEqual({ code: 0, signal: null });
});

test('after the grace time of a signal it closes open connections, and reports what it waits for', async () => {
  const proxy = await start('--listen=0', `--to=${await target()}`, '--grace=0.1');
  let text = '';
  proxy.child.stdout!.on('data', (chunk: string) => (text += chunk));
  const idle = join(proxy.where);
  idle.write('x');
  await nextEvent(idle, 'data');
  expect(await proxy.stop()).toEqual({ code: 0, signal: null });
  expect(text).toContain('waiting up to 0.1 s for 1 connection; a second signal closes them');
});

test.each([':0', '*:0'])('--listen=%s accepts on all addresses', async (where) => {
  const proxy = await start(`--listen=${where}`, `--to=${await target()}`);
  expect(proxy.where).toMatch(/^(\[::\]|0\.0\.0\.0):\d+$/);
  expect(await proxy.stop()).toEqual({ code: 0, signal: null });
});

test('a path that a dead process has left is replaced, with the requested mode', async () => {
  const where = scope.path('front');
  const killed = await start(`--listen=${where}`, `--to=${await target()}`);
  killed.child.kill('SIGKILL');
  await nextEvent(killed.child, 'exit');
  expect(statSync(where).isSocket()).toBe(true);
  const proxy = await start(`--listen=${where}`, `--to=${await target()}`, '--mode=600');
  expect(statSync(where).mode & 0o777).toBe(0o600);
  const client = scope.track(nodeNet.connect(where));
  client.end('here');
  expect(String(await nextEvent(client, 'data'))).toContain('here');
  expect(await proxy.stop()).toEqual({ code: 0, signal: null });
});

test.each([
  ['127.0.0.0/8', true],
  ['192.0.2.1', false],
])('--trusted-proxy=%s trusts a header from 127.0.0.1: %s', async (trusted, counts) => {
  const options = ['--accept-proxy', `--trusted-proxy=${trusted}`];
  const proxy = await start('--listen=127.0.0.1:0', `--to=${await target()}`, ...options);
  const client = join(proxy.where);
  client.end('PROXY TCP4 192.0.2.7 192.0.2.8 7 8\r\nhello');
  let text = '';
  client.on('data', (chunk) => (text += String(chunk)));
  await nextEvent(client, 'close');
  expect(text).toBe(counts ? 'hello' : '');
  expect(await proxy.stop()).toEqual({ code: 0, signal: null });
});
