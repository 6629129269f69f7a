import { spawnSync } from 'node:child_process';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';

import { addonEnvironment } from '../helpers/child';
import { missingCommand, needs } from '../helpers/needs';

const root = path.resolve(__dirname, '../..');

/** Each example, the arguments behind its port, and a call that is wrong. */
const examples: [name: string, rest: string[], wrong: string[]][] = [
  ['chat', [], ['65536']],
  ['http-hello', [], ['eighty']],
  ['load-balancer', ['80'], ['8080']],
  ['one-port', [], ['443', '22', 'a.example']],
  ['resp-server', [], ['--port']],
  ['restart', ['no-such-service.sock'], ['80a']],
  ['tcp-proxy', ['80'], ['8080', 'example.org:99999']],
];

function run(name: string, ...args: string[]): object {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, `examples/${name}.mjs`), ...args],
    { encoding: 'utf8', env: addonEnvironment, timeout: 50_000 },
  );
  return { status, stdout, stderr };
}

describe.each(examples)('examples/%s.mjs', (name, rest, wrong) => {
  let other: Server;
  let port: string;

  beforeAll(async () => {
    other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    port = String((other.address() as AddressInfo).port);
  });
  afterAll(() => other.close());

  const usage = expect.stringMatching(new RegExp(`^Usage: node examples/${name}\\.mjs .*\\n$`));

  test('prints a line of usage when it is asked for it', () => {
    for (const option of ['--help', '-h']) {
      expect(run(name, option)).toEqual({ status: 0, stdout: usage, stderr: '' });
    }
  });

  test('prints a line of usage when its arguments are wrong', () => {
    expect(run(name, ...wrong)).toEqual({ status: 2, stdout: '', stderr: usage });
  });

  const needed = name === 'one-port' ? missingCommand('openssl') : undefined;

  needs(needed)('reports a port in use in one line', () => {
    expect(run(name, port, ...rest)).toEqual({
      status: 1,
      stdout: '',
      stderr: `${name}: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
    });
  });
});
