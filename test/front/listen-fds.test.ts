// Listening sockets that systemd passes: real children get them as systemd passes them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, renameSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { addonEnvironment, programOf, runChild, type Body, type Outcome } from '../helpers/child';
import { uvnet } from '../helpers/implementations';
import { leanEntry } from '../helpers/lean';
import { missingCommand, needs } from '../helpers/needs';
import { onLinux } from '../helpers/platforms';
import { Scope } from '../helpers/scope';

const front = path.join(path.dirname(uvnet!.entry), 'front.js');
const scope = new Scope(net);
afterEach(() => scope.dispose());

interface Passed {
  /** What becomes the descriptors from 3. */
  fds?: number[];
  /** LISTEN_FDS; their number unless told otherwise. */
  count?: string | undefined;
  names?: string;
  /** LISTEN_PID, for which the shell fills in the child's own pid as $$. */
  pid?: string;
  args?: unknown[];
}

/** Runs `body` as systemd starts a service. The shell only sets the pid, which nobody else knows. */
function activate(
  body: Body,
  { fds = [], count, names, pid = '$$', args = [] }: Passed = {},
): Promise<Outcome> {
  return runChild(uvnet!, body, {
    args: [front, ...args],
    under: ['sh', '-c', `LISTEN_PID=${pid} exec "$@"`, 'sh'],
    stdio: ['ignore', 'pipe', 'pipe', ...fds],
    env: {
      LISTEN_FDS: count ?? String(fds.length),
      ...(names === undefined ? {} : { LISTEN_FDNAMES: names }),
    },
  });
}

const fdOf = (server: net.Server): number =>
  (server as unknown as { _handle: { fd: number } })._handle.fd;

/** A listening socket of this process, over TCP or on a path. */
async function listening(where?: net.ListenOptions): Promise<net.Server> {
  return scope.listen(scope.server(), where);
}

/** Prints what listenFds() returns or throws. */
const print: Body = ({ require, args: [entry, ...options] }) => {
  const { listenFds } = require(entry) as { listenFds(...args: unknown[]): unknown };
  try {
    console.log(JSON.stringify(listenFds(...(options as unknown[]))));
  } catch (error) {
    console.log(`${(error as NodeJS.ErrnoException).code}: ${(error as Error).message}`);
  }
};

/** What a sanitized addon needs from its environment. */
const SANITIZER = ['LD_PRELOAD', 'ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS'];

describe('listenFds()', () => {
  test('returns the descriptors from 3, with their names', async () => {
    const [web, admin] = [await listening(), await listening({ path: scope.path() })];
    const { stdout, stderr } = await activate(print, {
      fds: [fdOf(web), fdOf(admin)],
      names: 'web:admin',
    });
    expect([JSON.parse(stdout), stderr]).toEqual([
      [
        { fd: 3, name: 'web' },
        { fd: 4, name: 'admin' },
      ],
      '',
    ]);
  });

  test('names a socket unknown if there are no names', async () => {
    const { stdout } = await activate(print, { fds: [fdOf(await listening())] });
    expect(JSON.parse(stdout)).toEqual([{ fd: 3, name: 'unknown' }]);
  });

  test('returns the sockets of one name only, and does not check the others', async () => {
    const file = openSync('/dev/null', 'r');
    const fds = [file, fdOf(await listening())];
    const { stdout } = await activate(print, { fds, names: 'log:web', args: [{ name: 'web' }] });
    closeSync(file);
    expect(JSON.parse(stdout)).toEqual([{ fd: 4, name: 'web' }]);
  });

  test.each([
    ['nothing was passed', { count: '0', names: '' }],
    ['the sockets are meant for another process', { pid: '1', count: '1' }],
  ])('returns an empty list if %s', async (_, passed) => {
    expect((await activate(print, passed)).stdout).toBe('[]\n');
  });

  test('returns an empty list if the variables are not set', async () => {
    expect((await runChild(uvnet!, print, { args: [front] })).stdout).toBe('[]\n');
  });

  describe('the sockets it returns', () => {
    /** Serves on each socket in a different way, and prints where. */
    const serve: Body = async ({ net: module, require, args: [entry, leanPath] }) => {
      const load = require as (file: string) => any;
      const [tcp, unix, lean] = load(entry).listenFds();
      const { listen } = load(leanPath);
      const say = (name: string) => (socket: { end(text: string): unknown }) => socket.end(name);
      const servers = [
        module.createServer(say('tcp')).listen({ fd: tcp.fd }),
        module.createServer(say('unix')).listen({ fd: unix.fd }),
      ];
      const table = listen({ fd: lean.fd }, { open: say('lean') });
      await table.ready;
      process.stdout.write('ready');
      process.once('SIGTERM', () => {
        for (const server of servers) server.close();
        table.close();
      });
    };

    test('are usable by servers and handler tables', async () => {
      const path = scope.path();
      const servers = [await listening(), await listening({ path }), await listening()];
      const places = servers.map((server) => server.address() as net.AddressInfo | string);
      const fds = servers.map(fdOf);
      const source = programOf(uvnet!, serve, [front, leanEntry.entry]);
      const command = `LISTEN_PID=$$ LISTEN_FDS=3 exec "$@"`;
      const child = spawn('sh', ['-c', command, 'sh', process.execPath, '-e', source], {
        stdio: ['ignore', 'pipe', 'inherit', ...fds],
        env: addonEnvironment,
      });
      await once(child.stdout!, 'data');
      // From here on only the child accepts. A server of Node removes its path when it is closed.
      renameSync(path, `${path}-kept`);
      for (const server of servers) server.close();
      const answers = places.map(async (place) => {
        const client = net.connect(
          typeof place === 'string'
            ? { path: `${path}-kept` }
            : { port: place.port, host: place.address },
        );
        scope.track(client);
        client.setEncoding('utf8');
        const [text] = (await once(client, 'data')) as [string];
        return text;
      });
      expect(await Promise.all(answers)).toEqual(['tcp', 'unix', 'lean']);
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    });
  });

  onLinux(
    'keeps programs that the process starts from inheriting the sockets (/proc)',
    async () => {
      const inherit: Body = ({ require, args: [entry, inode] }) => {
        const { spawnSync } = require('node:child_process') as typeof import('node:child_process');
        (require(entry) as { listenFds(): unknown }).listenFds();
        const { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
        console.log(stdout.includes('0 -> '), stdout.includes(`socket:[${inode}]`));
      };
      const fd = fdOf(await listening());
      const inode = String(fstatSync(fd).ino);
      const { stdout } = await activate(inherit, { fds: [fd], args: [inode] });
      expect(stdout).toBe('true false\n');
    },
  );

  test.each([
    ['a call that returns', undefined, '[{"fd":3,"name":"unknown"}]'],
    ['a call that throws', 'x', 'ERR_INVALID_ARG_VALUE'],
  ])('removes the variables if it is asked to, after %s', async (_, count, first) => {
    const twice: Body = ({ require, args: [entry] }) => {
      const { listenFds } = require(entry) as { listenFds(options?: object): unknown };
      try {
        console.log(JSON.stringify(listenFds({ unset: true })));
      } catch (error) {
        console.log((error as NodeJS.ErrnoException).code);
      }
      console.log(JSON.stringify(listenFds()));
      console.log(Object.keys(process.env).filter((name) => name.startsWith('LISTEN_')));
    };
    const { stdout } = await activate(twice, { fds: [fdOf(await listening())], count });
    expect(stdout).toBe(`${first}\n[]\n[]\n`);
  });

  test('returns the same sockets again, until a server has closed them', async () => {
    const again: Body = ({ net: module, require, args: [entry] }) => {
      const { listenFds } = require(entry) as { listenFds(): [{ fd: number }] };
      const tell = (): void => {
        try {
          console.log(JSON.stringify(listenFds()));
        } catch (error) {
          console.log((error as Error).message);
        }
      };
      tell();
      const server = module.createServer().listen({ fd: listenFds()[0].fd }, () => {
        server.close(() => {
          tell();
          // The kernel gives the number to the next socket, which systemd has not passed.
          const other = module.createServer().listen(0, () => {
            console.log((other as unknown as { _handle: { fd: number } })._handle.fd);
            tell();
            other.close();
          });
        });
      });
    };
    const { stdout, stderr } = await activate(again, { fds: [fdOf(await listening())] });
    const closed = "Invalid state: descriptor 3 ('unknown') of LISTEN_FDS was closed";
    expect([stdout.split('\n'), stderr]).toEqual([
      ['[{"fd":3,"name":"unknown"}]', closed, '3', closed, ''],
      '',
    ]);
  });

  test('throws in a worker thread, because descriptors belong to the process', async () => {
    const inWorker: Body = ({ require, args: [entry] }) => {
      const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
      const source = `require(${JSON.stringify(entry)}).listenFds()`;
      new Worker(source, { eval: true }).once('error', (error: NodeJS.ErrnoException) => {
        console.log(error.code, error.message);
      });
    };
    const { stdout } = await activate(inWorker, { fds: [fdOf(await listening())] });
    expect(stdout).toBe(
      'ERR_WORKER_UNSUPPORTED_OPERATION listenFds() is not supported in workers\n',
    );
  });

  describe('throws', () => {
    test.each([
      ['LISTEN_FDS', { count: 'many' }],
      ['LISTEN_FDS', { count: '-1' }],
      ['LISTEN_FDS', { count: '' }],
      ['LISTEN_FDS', { count: '99999999999' }],
      ['LISTEN_PID', { pid: '12x', count: '1' }],
    ])('for a malformed %s (%j)', async (name, passed: { count: string; pid?: string }) => {
      expect((await activate(print, passed)).stdout).toBe(
        `ERR_INVALID_ARG_VALUE: The property 'process.env.${name}' must be a number. Received '${
          name === 'LISTEN_PID' ? passed.pid : passed.count
        }'\n`,
      );
    });

    test('for another number of names', async () => {
      const { stdout } = await activate(print, { count: '2', names: 'web' });
      expect(stdout).toBe(
        "ERR_INVALID_ARG_VALUE: The property 'process.env.LISTEN_FDNAMES' must have 2 names, as LISTEN_FDS says. Received 'web'\n",
      );
    });

    test('for a descriptor that is not open', async () => {
      const { stdout } = await activate(print, { fds: [fdOf(await listening())], count: '9' });
      expect(stdout).toMatch(
        /^ERR_INVALID_STATE: Invalid state: descriptor \d+ \('unknown'\) of LISTEN_FDS is not /,
      );
    });

    test('for a file', async () => {
      const file = openSync('/dev/null', 'r');
      const { stdout } = await activate(print, { fds: [file], names: 'log' });
      closeSync(file);
      expect(stdout).toBe(
        "ERR_INVALID_STATE: Invalid state: descriptor 3 ('log') of LISTEN_FDS is not a listening socket, but of type FILE\n",
      );
    });

    test('for a connection', async () => {
      const server = await listening();
      const accepted = once(server, 'connection');
      const client = scope.connect({ port: (server.address() as net.AddressInfo).port });
      await accepted;
      const { fd } = (client as unknown as { _handle: { fd: number } })._handle;
      expect((await activate(print, { fds: [fd] })).stdout).toContain('but of type TCP\n');
    });

    test.each([
      [null, 'ERR_INVALID_ARG_TYPE'],
      [{ name: 3 }, 'ERR_INVALID_ARG_TYPE'],
      [{ unset: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
    ])('for wrong options (%j)', async (options, code) => {
      expect((await activate(print, { args: [options] })).stdout).toContain(`${code}: `);
    });
  });

  needs(missingCommand('systemd-socket-activate'))(
    'understands what systemd-socket-activate passes',
    async () => {
      const serve: Body = ({ net: module, require, args: [entry] }) => {
        const { listenFds } = require(entry) as { listenFds(): { fd: number; name: string }[] };
        const [{ fd, name }] = listenFds() as [{ fd: number; name: string }];
        const server = module.createServer((socket) => {
          socket.end(`${fd} ${name}`);
          server.close();
        });
        server.listen({ fd });
      };
      const place = scope.path();
      const source = programOf(uvnet!, serve, [front]);
      const child = spawn(
        'systemd-socket-activate',
        [
          '--listen',
          place,
          '--fdname',
          'web',
          // It passes on what it is told to.
          ...SANITIZER.filter((name) => addonEnvironment[name] !== undefined).flatMap((name) => [
            '--setenv',
            name,
          ]),
          process.execPath,
          '-e',
          source,
        ],
        { stdio: ['ignore', 'inherit', 'pipe'], env: addonEnvironment },
      );
      const ended = once(child, 'exit');
      // It says where it listens, and starts the program at the first connection.
      await once(child.stderr!, 'data');
      const client = scope.connect({ path: place });
      client.setEncoding('utf8');
      expect(await once(client, 'data')).toEqual(['3 web']);
      expect(await ended).toEqual([0, null]);
    },
  );
});
