// A second connect() on a connecting pipe must not keep the loop alive.
import { runChild } from '../helpers/child';
import { uvnet } from '../helpers/implementations';
import { Scope } from '../helpers/scope';

const scope = new Scope(uvnet!.net);
afterEach(() => scope.dispose());

test.each(['main', 'worker'])(
  'connect(path) may be called twice in the %s thread',
  async (thread) => {
    const path = scope.path();
    const { code, signal, stdout, stderr } = await runChild(
      uvnet!,
      ({ net, require, args: [name, where, entry] }) => {
        const twice = (socket: import('node:net').Socket, to: string): void => {
          socket.on('error', ({ code }: NodeJS.ErrnoException) => console.log(code));
          socket.connect(to);
          socket.connect(to);
        };
        const server = net.createServer((socket) => socket.on('error', () => {}).resume());
        server.listen(where, () => {
          if (name === 'main') {
            const socket = new net.Socket();
            socket.on('close', () => server.close());
            twice(socket, where);
            return;
          }
          const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
          const source = `
          const net = require(${JSON.stringify(entry)});
          (${twice.toString()})(new net.Socket(), ${JSON.stringify(where)});`;
          new Worker(source, { eval: true }).on('exit', (exit) => {
            console.log('exit', exit);
            server.close();
          });
        });
      },
      { args: [thread, path, uvnet!.entry] },
    );
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const lines = thread === 'main' ? ['EALREADY'] : ['EALREADY', 'exit 0'];
    expect(stdout.trim().split('\n')).toEqual(lines);
  },
);
