import nodeNet from 'node:net';

import { fewDescriptors, runChild, type ChildTools } from '../helpers/child';
import { implementations, uvnet } from '../helpers/implementations';
import { endpointOf, Scope } from '../helpers/scope';

/** Clients whose process has no descriptor left when it connects for the first time. */

const scope = new Scope(nodeNet);
afterEach(() => scope.dispose());

/** Connects with no descriptor left, and again by the same socket when there are some. */
function program({ net, takeDescriptors, args }: ChildTools): void {
  const [options] = args as [import('node:net').NetConnectOpts];
  const log: unknown[] = [];
  // Makes stdout, which takes descriptors of its own.
  process.stdout.write('');
  const release = takeDescriptors();
  const socket = net.connect(options);
  log.push('returned');
  socket.once('error', ({ code, syscall, address, port }: any) => {
    log.push({ code, syscall, address, port });
  });
  socket.once('close', () => {
    release();
    socket.connect(options, () => {
      log.push('connected');
      socket.destroy();
      process.stdout.write(JSON.stringify(log));
    });
  });
}

describe.each(implementations)('a client of $name with no descriptor left', (implementation) => {
  const settings: [string, object][] = [['without options', {}]];
  if (implementation.isUvnet) settings.push(['with socket options', { userTimeout: 1000 }]);

  describe.each(settings)('%s', (_, extra) => {
    test.each(['tcp', 'unix'] as const)('has an error, and may connect again: %s', async (kind) => {
      const server = await scope.listen(scope.server(), scope.listenOptions(kind));
      const options = endpointOf(server) as { host?: string; port?: number; path?: string };
      const { code, stdout, stderr } = await runChild(implementation, program, {
        args: [{ ...options, ...(kind === 'tcp' ? extra : {}) }],
        under: fewDescriptors,
      });
      expect([code, stderr]).toEqual([0, '']);
      const { host, port, path } = options;
      const error = { code: 'EMFILE', syscall: 'connect', address: path ?? host, port };
      expect(JSON.parse(stdout)).toEqual([
        'returned',
        JSON.parse(JSON.stringify(error)),
        'connected',
      ]);
    });
  });
});

test('a socket with a traffic class is made with no descriptor left, too', async () => {
  const { stdout, stderr } = await runChild(
    uvnet!,
    ({ net, takeDescriptors }) => {
      process.stdout.write('');
      const release = takeDescriptors();
      const socket = new net.Socket({ typeOfService: 16 } as object);
      socket.on('error', ({ code, syscall }: any) => {
        release();
        process.stdout.write(`${code} ${syscall}`);
      });
      socket.connect(1, '127.0.0.1');
    },
    { under: fewDescriptors },
  );
  expect([stdout, stderr]).toEqual(['EMFILE connect', '']);
});
