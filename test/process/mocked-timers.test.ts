// `mock.timers` of node:test replaces the timers of a program, in node:timers too. The timers of
// connections must not be affected.
import { runChild } from '../helpers/child';
import { nodeAtLeast, uvnet } from '../helpers/implementations';

const { entry } = uvnet!;

(nodeAtLeast(22) ? test : test.skip)(
  'timeouts fire while timers are mocked (Node 22)',
  async () => {
    const { code, stdout, stderr } = await runChild(
      uvnet!,
      ({ net, require, args: [path] }) => {
        const { mock } = require('node:test') as typeof import('node:test');
        const lean = require(
          path.replace('index.js', 'lean.js'),
        ) as typeof import('../../lib/lean');
        mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
        const server = (net as unknown as typeof import('../../lib/index')).createServer({
          connectionAttemptTimeout: 20,
        } as never);
        server.once('connectionAttemptTimeout', (peer: import('node:net').Socket) => {
          console.log('attempt');
          peer.destroy();
        });
        server.listen(0, '127.0.0.1', () => {
          const { port } = server.address() as import('node:net').AddressInfo;
          const socket = net.connect(port, '127.0.0.1');
          socket.setTimeout(10, () => console.log('socket'));
          socket.on('close', () => {
            void lean
              .connect(
                { port, host: '127.0.0.1' },
                {
                  timeout: (connection) => {
                    console.log('lean');
                    connection.destroy();
                    server.close({ gracePeriod: 10 } as never);
                  },
                },
              )
              .then((connection) => connection.setTimeout(5));
          });
        });
      },
      { args: [entry] },
    );
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'socket\nattempt\nlean\n',
      stderr: expect.not.stringContaining('Error') as string,
    });
  },
);
