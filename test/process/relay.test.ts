// How threads and processes end in the middle of a relay.
import { Worker } from 'node:worker_threads';

import { programOf, runChild, type ChildTools } from '../helpers/child';
import { nextEvent } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import type { lean } from '../helpers/relaying';
import { leanEntry } from '../helpers/relaying';

/**
 * Relays bytes that never end, one way at full speed, the other way to nobody who reads them, and
 * does as `args` say once many have passed.
 */
function busyRelay({ net, require, args }: ChildTools): void {
  const [entry, end] = args as [string, string];
  const { relay } = require(entry) as typeof lean;
  const { parentPort } = require('node:worker_threads') as typeof import('node:worker_threads');
  const chunk = Buffer.alloc(256 * 1024, 'x');
  const pump = (socket: import('node:net').Socket): void => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', more).on('error', () => {});
    more();
  };
  const ends: Record<string, () => void> = {
    terminate: () => parentPort!.postMessage('busy'),
    exit: () => process.exit(7),
    throw: () => {
      throw new Error('from onProgress');
    },
    collect: () => {
      for (let i = 0; i < 5; i++) (globalThis as unknown as { gc: () => void }).gc();
      // What is left of it moves bytes as before.
      ends['collect'] = () => process.exit(8);
    },
  };
  const right = net.createServer((socket) => {
    socket.resume();
    pump(socket);
  });
  right.listen(0, '127.0.0.1', () => {
    const { port: rightPort } = right.address() as import('node:net').AddressInfo;
    const left = net.createServer((a) => {
      void relay(a as never, net.connect(rightPort, '127.0.0.1') as never, {
        progressInterval: 1,
        onProgress: ({ bytesAtoB }) => {
          if (bytesAtoB > 20e6) ends[end]!();
        },
      });
    });
    left.listen(0, '127.0.0.1', () => {
      const { port } = left.address() as import('node:net').AddressInfo;
      pump(net.connect(port, '127.0.0.1'));
    });
  });
}

test('a thread may be terminated in the middle of relays', async () => {
  for (let i = 0; i < 2; i++) {
    const source = programOf(uvnet!, busyRelay, [leanEntry, 'terminate']);
    const worker = new Worker(source, { eval: true });
    const exited = nextEvent(worker, 'exit');
    await nextEvent(worker, 'message');
    await worker.terminate();
    await exited;
  }
});

test.each([
  ['exit', 7, ''],
  ['throw', 1, 'Error: from onProgress'],
  ['collect', 8, ''],
])('a process may end by %s in the middle of relays', async (end, code, message) => {
  const outcome = await runChild(uvnet!, busyRelay, {
    args: [leanEntry, end],
    nodeFlags: ['--expose-gc'],
  });
  expect({ ...outcome, stderr: '' }).toEqual({ code, signal: null, stdout: '', stderr: '' });
  expect(outcome.stderr).toContain(message);
});

test('a relay keeps a process alive as long as its sockets do', async () => {
  const outcome = await runChild(
    uvnet!,
    ({ net, require, args }) => {
      const { relay } = require(args[0] as string) as typeof lean;
      const server = net.createServer((socket) => socket.end('bye'));
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as import('node:net').AddressInfo;
        const sockets = [1, 2].map(() => net.connect({ port, host: '127.0.0.1' }));
        void relay(sockets[0] as never, sockets[1] as never, { idleTimeout: 100_000 }).then(
          ({ bytesAtoB, bytesBtoA }) => console.log(bytesAtoB, bytesBtoA),
          (error: { side: string }) => console.log(error),
        );
        let connections = 0;
        server.on('connection', (socket) => {
          socket.resume();
          if (++connections === 2) server.close();
        });
      });
    },
    { args: [leanEntry] },
  );
  expect(outcome).toEqual({ code: 0, signal: null, stdout: '3 3\n', stderr: '' });
});
