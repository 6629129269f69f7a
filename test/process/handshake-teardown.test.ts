import { runChild } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

/** An environment that ends while connections wait for their PROXY header. */

const ways = ['terminate', 'exit', 'throw'] as const;

test.each(ways)('a worker that ends by %s leaves no handshake behind', async (way) => {
  const outcome = await runChild(
    uvnet!,
    ({ require: load, args }) => {
      const [entry, how] = args as string[];
      const { Worker } = load('node:worker_threads') as typeof import('node:worker_threads');
      const worker = new Worker(
        `const { parentPort } = require('node:worker_threads');
        const net = require(${JSON.stringify(entry)});
        const server = net.createServer({ proxyProtocol: 'required', maxConnectionsPerAddress: 9 });
        server.listen(0, '127.0.0.1', () => {
          for (let i = 0; i < 3; i++) {
            require('node:net').connect(server.address().port, '127.0.0.1').write('PROXY ');
          }
          const check = () => {
            if (server.stats().open < 3) setImmediate(check);
            else if (${JSON.stringify(how)} === 'terminate') parentPort.postMessage('ready');
            else if (${JSON.stringify(how)} === 'exit') process.exit(7);
            else throw new Error('on purpose');
          };
          check();
        });`,
        { eval: true },
      );
      worker.on('message', () => void worker.terminate());
      worker.on('error', (error: Error) => console.log(error.message));
      worker.on('exit', (code) => console.log(`exit ${code}`));
    },
    { args: [uvnet!.entry, way] },
  );
  expect(outcome).toMatchObject({ code: 0, signal: null, stderr: '' });
  const expected = { terminate: 'exit 1\n', exit: 'exit 7\n', throw: 'on purpose\nexit 1\n' };
  expect(outcome.stdout).toBe(expected[way]);
});

test('a process may exit during a handshake', async () => {
  const outcome = await runChild(uvnet!, ({ net }) => {
    const server = net.createServer({ proxyProtocol: 'optional' } as never);
    const { stats } = server as unknown as { stats: () => { open: number } };
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as import('node:net').AddressInfo;
      net.connect(port, '127.0.0.1').write('P');
      const check = (): void => {
        if (stats.call(server).open === 0) setImmediate(check);
        else process.exit(3);
      };
      check();
    });
  });
  expect(outcome).toMatchObject({ code: 3, signal: null, stderr: '' });
});
