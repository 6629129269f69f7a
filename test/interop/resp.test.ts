// examples/resp-server.mjs and the clients of Debian's redis-tools.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

import type { Program } from '../helpers/programs';
import { describeNeeds, missingCommand } from '../helpers/needs';
import { runClient, startExample } from '../helpers/programs';
import { readAll } from '../helpers/streams';

describeNeeds(missingCommand('redis-cli'))('the RESP server and redis-tools', () => {
  let server: Program;
  beforeAll(async () => {
    server = await startExample('resp-server.mjs', '0');
  });
  afterAll(async () => {
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  const cli = async (...args: string[]): Promise<string> => {
    const { code, stdout } = await runClient('redis-cli', ['-p', server.where, ...args]);
    expect(code).toBe(0);
    return stdout;
  };

  test('answers every command of redis-cli', async () => {
    expect(await cli('ping')).toBe('PONG\n');
    expect(await cli('ping', 'hello there')).toBe('hello there\n');
    expect(await cli('echo', 'with\r\nlines')).toBe('with\r\nlines\n');
    expect(await cli('set', 'key', 'value')).toBe('OK\n');
    expect(await cli('get', 'key')).toBe('value\n');
    expect(await cli('get', 'nothing')).toBe('\n');
    expect(await cli('del', 'key', 'nothing')).toBe('1\n');
    expect(await cli('get', 'key')).toBe('\n');
    expect(await cli('incr', 'count')).toBe('1\n');
    expect(await cli('incr', 'count')).toBe('2\n');
    expect(await cli('set', 'count', 'text')).toBe('OK\n');
    expect(await cli('incr', 'count')).toContain('ERR value is not an integer');
    expect(await cli('nonsense')).toContain("ERR unknown command 'NONSENSE'");
    expect(await cli('get')).toContain("ERR wrong number of arguments for 'get' command");
  });

  test('stores a value of 5 MB and a value with every byte', async () => {
    const large = randomBytes(2_500_000).toString('hex');
    const set = await runClient('redis-cli', ['-p', server.where, '-x', 'set', 'large'], large);
    expect(set.stdout).toBe('OK\n');
    expect(await cli('get', 'large')).toBe(`${large}\n`);
    const every = Buffer.from(Array.from({ length: 255 }, (_, byte) => byte + 1)).toString(
      'latin1',
    );
    await cli('set', 'bytes', every);
    const { stdout } = await runClient('redis-cli', [
      '-p',
      server.where,
      '--no-raw',
      'strlen',
      'x',
    ]);
    expect(stdout).toContain('unknown command');
    expect((await cli('get', 'bytes')).length).toBeGreaterThan(255);
  });

  test('answers ten thousand commands of redis-cli --pipe at once, without an error', async () => {
    const commands = Array.from({ length: 10_000 }, (_, index) => `SET pipe${index} ${index}\r\n`);
    const { stdout, code } = await runClient(
      'redis-cli',
      ['-p', server.where, '--pipe'],
      commands.join(''),
    );
    expect(code).toBe(0);
    expect(stdout).toContain('errors: 0, replies: 10000');
    expect(await cli('get', 'pipe9999')).toBe('9999\n');
  });

  test.each(['1', '16'])(
    'serves redis-benchmark with %s requests in flight on each of 20 connections',
    async (depth) => {
      const { code, stdout, stderr } = await runClient('redis-benchmark', [
      '-p', server.where, '-t', 'ping,set,get,incr', '-n', '5000', '-c', '20', '-P', depth, '--csv',
    ]); // prettier-ignore
      expect(code).toBe(0);
      expect(stderr).not.toMatch(/error/i);
      const names = [...stdout.matchAll(/^"([^"]+)","[\d.]+"/gm)].map(([, name]) => name);
      expect(names).toEqual(['PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'INCR']);
    },
  );

  test('answers invalid bytes with an error message, and closes the connection', async () => {
    const client = connect(Number(server.where), '127.0.0.1');
    client.write('*1\r\n+PING\r\n');
    expect((await readAll(client)).toString()).toBe("-ERR Protocol error: expected '$'\r\n");
  });
});
