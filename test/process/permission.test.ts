// Node's permission model, which covers the network from Node 25 on: what is not granted by
// --allow-net is denied to uvnet too, whose addon could do it.
import { runChild } from '../helpers/child';
import { implementations, nodeAtLeast } from '../helpers/implementations';

const enable = nodeAtLeast(22, 13) ? '--permission' : '--experimental-permission';
const OTHERS = ['--allow-addons', '--allow-fs-read=*', '--allow-fs-write=*', '--no-warnings'];

describe.each(implementations)('permissions ($name)', (implementation) => {
  /** What came of a server and of clients, a line each. */
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
                { address: '127.0.0.2', family: 4 },
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
    test('without --allow-net nothing is bound or connected to', async () => {
      expect(await attempt()).toEqual([
        'connect ERR_ACCESS_DENIED /no/such/socket',
        'connect ERR_ACCESS_DENIED 127.0.0.1',
        'connect ERR_ACCESS_DENIED 127.0.0.1',
        'connect ERR_ACCESS_DENIED 127.0.0.2',
        'thrown ERR_ACCESS_DENIED ',
        expect.stringMatching(/^thrown ERR_ACCESS_DENIED .uvnet-permission$/),
      ]);
    });
    if (implementation.isUvnet) {
      test('nor from a local address, which core throws out of a later tick', async () => {
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
    test('with it all is', async () => {
      expect(await attempt('--allow-net')).toEqual(allowed);
    });
    test('an audit denies nothing, and tells', async () => {
      expect(await attempt('--permission-audit')).toEqual(allowed);
      const { stdout } = await runChild(
        implementation,
        ({ net, require }) => {
          const { subscribe } =
            require('node:diagnostics_channel') as typeof import('node:diagnostics_channel');
          subscribe('node:permission-model:net', (message) => {
            console.log(JSON.stringify(message));
          });
          net.connect({ port: 1, host: '127.0.0.9' }).on('error', () => {});
        },
        { nodeFlags: [enable, ...OTHERS, '--permission-audit'] },
      );
      expect(stdout).toContain('{"permission":"Net","resource":"127.0.0.9"}\n');
    });
  } else {
    test('before Node 25 there is no permission for the network', async () => {
      expect(await attempt()).toEqual(allowed);
    });
  }
});
