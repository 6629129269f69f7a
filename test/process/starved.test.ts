import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import nodeNet from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { addonEnvironment, programOf, type ChildTools } from '../helpers/child';
import { nextEvent } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { Scope } from '../helpers/scope';
import { readAll } from '../helpers/streams';

/**
 * Servers whose process cannot open any file when their first peer arrives: it has no descriptors
 * left, or no permission to read its own package. The code for their options must be loaded by
 * then.
 */

const root = path.resolve(__dirname, '../..');

interface Setup {
  transport?: 'tcp' | 'unix';
  lean?: boolean;
  options?: object;
  /** Options that get a block list without the peer's address, or with it. */
  lists?: Record<string, string>;
  /** The first data of a client. */
  says?: string;
  /** Called by the 'connection' listener. */
  calls?: [method: string, ...args: unknown[]][];
  /** A listener of the server's that does nothing. */
  on?: string;
  /** The clients are not let in. */
  dropped?: boolean;
}

const setups: [string, Setup][] = [
  ['no options', {}],
  ['no options, on a unix socket', { transport: 'unix' }],
  [
    'connectionAttemptTimeout',
    { options: { connectionAttemptTimeout: 1 }, says: '', dropped: true },
  ],
  ["'connectionAttempt'", { on: 'connectionAttempt' }],
  ["proxyProtocol 'required'", { options: { proxyProtocol: 'required' }, says: 'PROXY' }],
  [
    "proxyProtocol 'required' without a header",
    { options: { proxyProtocol: 'required' }, says: 'GET / HTTP/1.0\r\n\r\n', dropped: true },
  ],
  ["proxyProtocol 'optional'", { options: { proxyProtocol: 'optional' }, says: 'PROXY' }],
  [
    'trustedProxies',
    {
      options: { proxyProtocol: 'required' },
      lists: { trustedProxies: '127.0.0.1' },
      says: 'PROXY',
    },
  ],
  ['blockList', { lists: { blockList: '192.0.2.1' } }],
  ['blockList with the peer', { lists: { blockList: '127.0.0.1' }, on: 'drop', dropped: true }],
  ['limits', { options: { maxConnectionsPerAddress: 9, acceptRate: { perSecond: 99 } } }],
  ['limits that drop', { options: { maxConnectionsPerAddress: 0 }, on: 'drop', dropped: true }],
  ['receiveDescriptors', { transport: 'unix', options: { receiveDescriptors: true } }],
  ['node options', { options: { noDelay: true, keepAlive: true, keepAliveInitialDelay: 5000 } }],
  ['socket options', { options: { recvBufferSize: 8192, userTimeout: 999, priority: 1 } }],
  [
    'methods of the socket that are used for the first time',
    {
      calls: [
        ['info'],
        ['getOption', 'noDelay'],
        ['setOption', 'userTimeout', 99],
        ['setTypeOfService', 4],
      ],
    },
  ],
  ['peerCredentials', { transport: 'unix', calls: [['peerCredentials']] }],
  ['a handler table', { lean: true }],
  [
    "a handler table, proxyProtocol 'required'",
    { lean: true, options: { proxyProtocol: 'required' }, says: 'PROXY' },
  ],
  [
    'a handler table, connectionAttemptTimeout',
    { lean: true, options: { connectionAttemptTimeout: 1 }, says: '', dropped: true },
  ],
  [
    'a handler table, limits that drop',
    { lean: true, options: { maxConnectionsPerAddress: 0 }, dropped: true },
  ],
];

const HEADER = 'PROXY TCP4 192.0.2.7 192.0.2.8 7 8\r\nhello';

/**
 * Answers each connection with its remote address. Prints its address, and then errors, on stdout.
 */
function program({ net, require: load, args }: ChildTools): void {
  const [{ setup, entry, where, starve }] = args as [
    { setup: Setup; entry: string; where: object; starve: string },
  ];
  const fs = load('node:fs') as typeof import('node:fs');
  const say = (word: string): boolean => process.stdout.write(`${word}\n`);
  const { BlockList } = net;
  const options: Record<string, unknown> = { ...setup.options };
  for (const [name, address] of Object.entries(setup.lists ?? {})) {
    const list = new BlockList();
    list.addAddress(address);
    options[name] = list;
  }
  /** From now on no file can be opened. */
  const listening = (address: unknown): void => {
    // Makes stdout and stdin, which take descriptors of their own.
    say('listening');
    process.stdin.on('end', () => process.exit());
    process.stdin.resume();
    if (starve === 'EACCES') {
      fs.chmodSync(entry, 0);
      if (process.getuid!() === 0) process.setuid!(65534);
    }
    const kept: number[] = [];
    const file = starve === 'EACCES' ? `${entry}/package.json` : '/dev/null';
    try {
      for (;;) kept.push(fs.openSync(file, 'r'));
    } catch (error) {
      say(JSON.stringify({ address, denied: (error as NodeJS.ErrnoException).code }));
    }
    // Two connections at a time.
    for (const fd of kept.slice(-2)) fs.closeSync(fd);
  };
  if (setup.lean === true) {
    const lean = load(`${entry}/dist/lean.js`) as typeof import('../../lib/lean');
    const server = lean.listen({ ...options, ...where } as never, {
      data: (connection: any, bytes: Buffer) =>
        connection.end(`${connection.remoteAddress} ${bytes.length}`),
      drop: () => {},
      acceptError: (error: Error) => void say(error.message),
    });
    void server.ready.then(() => listening(server.address()));
    return;
  }
  const server = net.createServer(options as never, (socket: any) => {
    for (const [method, ...rest] of setup.calls ?? []) socket[method](...rest);
    socket.on('error', () => {});
    socket.once('data', (bytes: Buffer) => socket.end(`${socket.remoteAddress} ${bytes.length}`));
  });
  if (setup.on !== undefined) server.on(setup.on, () => {});
  server.on('acceptError', (error: Error) => void say(error.message));
  server.listen(where, () => listening(server.address()));
}

const scope = new Scope(nodeNet);
afterEach(() => scope.dispose());

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'uvnet-starved-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A package of its own, that can be made unreadable. */
function copyPackage(name: string): string {
  const home = path.join(folder, name);
  mkdirSync(path.join(home, 'build/Release'), { recursive: true });
  for (const part of ['package.json', 'dist', 'build/Release/uvnet.node']) {
    cpSync(path.join(root, part), path.join(home, part), { recursive: true });
  }
  return home;
}

describe.each(['EMFILE', 'EACCES'])('if files cannot be opened any more (%s)', (starve) => {
  test.each(setups)('%s still works', async (_name, setup) => {
    const home = starve === 'EACCES' ? copyPackage(String(Math.random()).slice(2)) : root;
    const where =
      setup.transport === 'unix' ? { path: scope.path() } : { port: 0, host: '127.0.0.1' };
    if (setup.transport === 'unix') chmodSync(path.dirname(scope.path()), 0o755);
    const source = programOf({ ...uvnet!, entry: path.join(home, 'dist/index.js') }, program, [
      { setup, entry: home, where, starve },
    ]);
    const child: ChildProcess = spawn(
      'sh',
      ['-c', 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, source],
      { env: addonEnvironment, stdio: ['pipe', 'pipe', 'pipe'] },
    );
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = nextEvent(child as never, 'close');
    const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
    const next = async (): Promise<string> => (await lines.next()).value as string;
    try {
      expect(await next()).toBe('listening');
      const { address, denied } = JSON.parse(await next()) as {
        address: nodeNet.AddressInfo | string;
        denied: string;
      };
      expect(denied).toBe(starve);
      for (let i = 0; i < 3; i++) {
        const client = scope.connect(
          typeof address === 'string'
            ? { path: address }
            : { port: address.port, host: '127.0.0.1' },
        );
        client.on('error', () => {});
        client.write(setup.says === 'PROXY' ? HEADER : (setup.says ?? 'hello'));
        const peer = setup.transport === 'unix' ? 'undefined' : '127.0.0.1';
        const answer = `${setup.says === 'PROXY' ? '192.0.2.7' : peer} 5`;
        const got = await readAll(client).catch(() => Buffer.alloc(0));
        expect(got.toString()).toBe(setup.dropped === true ? '' : answer);
      }
    } finally {
      // What was taken away is needed to remove the folder.
      if (home !== root) chmodSync(home, 0o755);
      child.stdin!.end();
      expect([await ended, stderr]).toEqual([[0, null], '']);
    }
  });
});
