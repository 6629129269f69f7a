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
        const { createServer } = net as unknown as typeof import('../../lib/index');
        const host = '127.0.0.1';
        const portOf = (server: import('node:net').Server): number =>
          (server.address() as import('node:net').AddressInfo).port;
        const patient = createServer();
        const impatient = createServer({ connectionAttemptTimeout: 20 });

        // One after another, because the end of one connection must not race the timer of another.
        patient.listen(0, host, () => {
          const socket = net.connect(portOf(patient), host);
          socket.setTimeout(10, () => {
            console.log('socket');
            socket.destroy();
            impatient.listen(0, host, () => net.connect(portOf(impatient), host));
          });
        });
        impatient.once('connectionAttemptTimeout', (peer) => {
          console.log('attempt');
          peer.destroy();
          impatient.close();
          const timeout = (connection: import('../../lib/lean').Connection): void => {
            console.log('lean');
            connection.destroy();
            patient.close({ gracePeriod: 10 });
          };
          void lean
            .connect({ port: portOf(patient), host }, { timeout })
            .then((connection) => connection.setTimeout(5));
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
