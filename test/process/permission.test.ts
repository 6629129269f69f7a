// Node's permission model, which covers files, and the network from Node 25 on. Without --allow-net, uvnet
// must not use the network, although its addon could.
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { loaded } from '../../lib/internal/native/loader';
import { runChild } from '../helpers/child';
import { implementations, nodeAtLeast, uvnet } from '../helpers/implementations';
import { Scope } from '../helpers/scope';

const enable = nodeAtLeast(22, 13) ? '--permission' : '--experimental-permission';
const OTHERS = ['--allow-addons', '--allow-fs-read=*', '--allow-fs-write=*', '--no-warnings'];

describe.each(implementations)('permissions ($name)', (implementation) => {
  const scope = new Scope(implementation.net);
  afterEach(() => scope.dispose());

  /** The results of a server and of clients, one line each. */
  async function attempt(...flags: string[]): Promise<string[]> {
    const { stdout, stderr } = await runChild(
      implementation,
      ({ net }) => {
        const say = (what: string, error: NodeJS.ErrnoException & { resource?: string }): void => {
          const { errno, code, resource } = error as typeof error & { errno?: unknown };
          const { resource: connecting } = Object(errno) as { resource?: string };
          console.log(what, code, resource ?? connecting ?? '-');
        };
        const connect = (options: object): void => {
          net.connect(options as never).on('error', (error: Error & { errors?: Error[] }) => {
            for (const each of error.errors ?? [error]) say('connect', each);
          });
        };
        for (const where of [0, '\0uvnet-permission']) {
          try {
            const server = net.createServer().on('error', (error) => say('listen', error));
            server.listen(where, () => server.close(() => console.log('listened')));
          } catch (error) {
            say('thrown', error as Error);
          }
        }
        connect({ port: 1, host: '127.0.0.1' });
        connect({ path: '/no/such/socket' });
        setImmediate(() =>
          connect({
            port: 1,
            host: 'two',
            lookup: (_host: string, _options: object, done: (...found: unknown[]) => void) =>
              done(null, [
                { address: '127.0.0.1', family: 4 },
                { address: '::1', family: 6 },
              ]),
          }),
        );
      },
      { nodeFlags: [enable, ...OTHERS, ...flags] },
    );
    expect(stderr).toBe('');
    return stdout.trimEnd().split('\n').sort();
  }

  const allowed = [
    'connect ECONNREFUSED -',
    'connect ECONNREFUSED -',
    'connect ECONNREFUSED -',
    'connect ENOENT -',
    'listened',
    'listened',
  ];

  if (nodeAtLeast(25)) {
    test('bind and connect fail without --allow-net', async () => {
      expect(await attempt()).toEqual([
        'connect ERR_ACCESS_DENIED /no/such/socket',
        'connect ERR_ACCESS_DENIED 127.0.0.1',
        'connect ERR_ACCESS_DENIED 127.0.0.1',
        'connect ERR_ACCESS_DENIED ::1',
        'thrown ERR_ACCESS_DENIED ',
        expect.stringMatching(/^thrown ERR_ACCESS_DENIED .uvnet-permission$/),
      ]);
    });
    test('listening on a descriptor fails without --allow-net', async () => {
      const server = scope.server();
      await scope.listen(server);
      const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
      const { stdout, stderr } = await runChild(
        implementation,
        ({ net }) => {
          const listener = net.createServer();
          try {
            listener.listen({ fd: 3 }, () => console.log('listens'));
          } catch (error) {
            console.log((error as NodeJS.ErrnoException).code, listener.listening);
          }
        },
        { nodeFlags: [enable, ...OTHERS], stdio: ['ignore', 'pipe', 'pipe', fd] },
      );
      expect([stdout, stderr]).toEqual(['ERR_ACCESS_DENIED false\n', '']);
    });
    if (implementation.isUvnet) {
      test('the methods of a handle neither bind nor connect without --allow-net', async () => {
        const { stdout, stderr, code } = await runChild(
          implementation,
          ({ net }) => {
            const attempt = (what: string, act: () => unknown): void => {
              try {
                console.log(what, act());
              } catch (error) {
                console.log(what, (error as NodeJS.ErrnoException).code);
              }
            };
            const socket = new net.Socket();
            socket.connect({ port: 1, host: 'name', lookup: () => {} });
            const { constructor: TCP } = (socket as any)._handle;
            const race = (handle: any): number => {
              handle.raceCreate({ onRace() {} }, 250, 1000, 1, 1);
              return handle.raceAdd('127.0.0.1', 1, 4);
            };
            attempt('connect', () => new TCP().connect('127.0.0.1', 1, () => {}));
            attempt('connect6', () => new TCP().connect6('::1', 1, () => {}));
            attempt('race', () => race(new TCP()));
            attempt('bind', () => new TCP().bind('127.0.0.1', 0));
            attempt('bind6', () => new TCP().bind6('::1', 0));
            attempt('listen', () => new TCP().listen(1));
            const pipe = new net.Socket();
            const connecting = pipe.on('connectionAttempt', () => {
              const { constructor: Pipe } = (pipe as any)._handle;
              attempt('pipe connect', () => new Pipe().connect('/no/such/socket', () => {}));
              attempt('pipe bind', () => new Pipe().bind('/no/such/socket'));
              attempt('pipe listen', () => new Pipe().listen(1));
            });
            connecting.on('error', () => process.exit()).connect('/no/such/socket');
          },
          { nodeFlags: [enable, ...OTHERS] },
        );
        const methods = ['connect', 'connect6', 'race', 'bind', 'bind6', 'listen'];
        methods.push('pipe connect', 'pipe bind', 'pipe listen');
        const lines = methods.map((method) => `${method} ERR_ACCESS_DENIED\n`);
        expect([stdout, stderr, code]).toEqual([lines.join(''), '', 0]);
      });
      test('connecting from a local address fails without --allow-net, which Node throws in a later tick', async () => {
        const { stdout, code } = await runChild(
          implementation,
          ({ net }) => {
            net
              .connect({ port: 1, host: '127.0.0.1', localAddress: '127.0.0.1' })
              .on('error', (error: NodeJS.ErrnoException) => console.log(error.code));
          },
          { nodeFlags: [enable, ...OTHERS] },
        );
        expect({ stdout, code }).toEqual({ stdout: 'ERR_ACCESS_DENIED\n', code: 0 });
      });
    }
    test('bind and connect work with --allow-net', async () => {
      expect(await attempt('--allow-net')).toEqual(allowed);
    });
    test('an audit denies nothing and reports', async () => {
      expect(await attempt('--permission-audit')).toEqual(allowed);
      const { stdout } = await runChild(
        implementation,
        ({ net, require }) => {
          const { subscribe } =
            require('node:diagnostics_channel') as typeof import('node:diagnostics_channel');
          subscribe('node:permission-model:net', (message) => {
            console.log(JSON.stringify(message));
          });
          net.connect({ port: 1, host: '::1' }).on('error', () => {});
        },
        { nodeFlags: [enable, ...OTHERS, '--permission-audit'] },
      );
      expect(stdout).toContain('{"permission":"Net","resource":"::1"}\n');
    });
  } else {
    test('there is no permission for the network before Node 25', async () => {
      expect(await attempt()).toEqual(allowed);
    });
  }
});

describe('without permission to read', () => {
  let bundle: string;
  beforeEach(() => {
    bundle = realpathSync(mkdtempSync(path.join(tmpdir(), 'uvnet-permission-')));
    cpSync(path.join(__dirname, '../../dist'), bundle, { recursive: true });
  });
  afterEach(() => rmSync(bundle, { recursive: true }));

  /** Which code a bundle uses that may read only its own folder, and what it warns of. */
  async function use(env: NodeJS.ProcessEnv): Promise<string[]> {
    const flags = [enable, '--allow-addons', `--allow-fs-read=${bundle}/*`, '--no-deprecation'];
    const { stdout, stderr } = await runChild(
      { ...uvnet!, entry: path.join(bundle, 'index.js') },
      ({ net }) => console.log((net as unknown as { backend: string }).backend),
      { nodeFlags: flags, env },
    );
    return [stdout, stderr];
  }

  test('the folders above it, a bundle falls back', async () => {
    const [stdout, stderr] = await use({ UVNET_BINDING: '' });
    expect(stdout).toBe('node\n');
    expect(stderr).toContain('uvnet falls back to node:net');
  });

  test('the binary that UVNET_BINDING names, uvnet falls back', async () => {
    const [stdout, stderr] = await use({ UVNET_BINDING: loaded.file! });
    expect(stdout).toBe('node\n');
    expect(stderr).toContain(loaded.file!);
  });
});
