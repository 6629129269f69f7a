// How processes and workers end while handler tables are in use.
import nodeNet from 'node:net';

import { runChild } from '../helpers/child';
import { deferred } from '../helpers/events';
import { leanEntry } from '../helpers/lean';

type Lean = typeof import('../../lib/lean');

describe('a process with handler tables', () => {
  test('ends by itself once all is closed, or unreferenced', async () => {
    const { code, signal, stdout } = await runChild(leanEntry, async ({ net }) => {
      const { listen, connect } = net as unknown as Lean;
      const server = listen(
        { port: 0, host: '127.0.0.1' },
        { open: (connection) => connection.unref() },
      );
      await server.ready;
      const client = await connect({ port: server.port!, host: '127.0.0.1' }, {});
      client.unref();
      server.unref();
      console.log('left open');
    });
    expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: 'left open\n' });
  });

  test('sends what was written before and at process.exit()', async () => {
    let received = '';
    const ended = deferred();
    const server = nodeNet.createServer((peer) => {
      peer.write('go');
      peer.on('data', (chunk) => (received += chunk.toString()));
      peer.on('close', () => ended.resolve());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { code } = await runChild(
      leanEntry,
      ({ net, args: [port] }) => {
        const { connect } = net as unknown as Lean;
        void connect(
          { port: port as number, host: '127.0.0.1' },
          {
            data(connection) {
              connection.write('in a handler, ');
              process.on('exit', () => connection.write('at exit'));
              process.exit(3);
            },
          },
        );
      },
      { args: [(server.address() as nodeNet.AddressInfo).port] },
    );
    await ended.promise;
    server.close();
    expect({ code, received }).toEqual({ code: 3, received: 'in a handler, at exit' });
  });

  test.each(['open', 'data', 'close'])('ends in the handler `%s`', async (name) => {
    const { code, signal, stderr } = await runChild(
      leanEntry,
      async ({ net, require, args: [which] }) => {
        const { listen } = net as unknown as Lean;
        const nodeNet = require('node:net') as typeof import('node:net');
        const exit = (): void => process.exit(7);
        const server = listen({ port: 0, host: '127.0.0.1' }, { [which as string]: exit });
        await server.ready;
        for (let i = 0; i < 3; i += 1) {
          nodeNet.connect(server.port!, '127.0.0.1').resume().end('x');
        }
      },
      { args: [name] },
    );
    expect({ code, signal, stderr }).toEqual({ code: 7, signal: null, stderr: '' });
  });

  test('ends with an uncaught exception', async () => {
    const { code, stderr } = await runChild(leanEntry, async ({ net, require }) => {
      const { listen } = net as unknown as Lean;
      const nodeNet = require('node:net') as typeof import('node:net');
      const server = listen(
        { port: 0, host: '127.0.0.1' },
        {
          data() {
            throw new Error('nobody catches this');
          },
        },
      );
      await server.ready;
      nodeNet.connect(server.port!, '127.0.0.1').write('x');
    });
    expect(code).toBe(1);
    expect(stderr).toContain('nobody catches this');
  });

  test.each(['idle', 'busy', 'in a handler'])(
    'lets its worker be terminated (%s)',
    async (when) => {
      const { code, signal, stdout, stderr } = await runChild(
        leanEntry,
        ({ require, args: [entry, state] }) => {
          const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
          const program = `
          const { listen, connect } = require(${JSON.stringify(entry)});
          const { parentPort } = require('node:worker_threads');
          const state = ${JSON.stringify(state)};
          const server = listen({ port: 0, host: '127.0.0.1' }, {
            data(connection, bytes) {
              if (state === 'in a handler') {
                parentPort.postMessage('ready');
                for (;;);
              }
              connection.write(bytes);
              connection.write(Buffer.alloc(100_000));
            },
          });
          server.ready.then(async () => {
            let answers = 0;
            const client = await connect({ port: server.port, host: '127.0.0.1' }, {
              data(connection) {
                connection.write('ping');
                answers += 1;
                if (answers === 100) parentPort.postMessage('ready');
              },
            });
            if (state === 'idle') parentPort.postMessage('ready');
            else client.write('ping');
          });`;
          const worker = new Worker(program, { eval: true });
          worker.on('message', () => {
            void worker.terminate().then((exitCode) => console.log('terminated', exitCode));
          });
        },
        { args: [leanEntry.entry, when] },
      );
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
      expect(stdout).toBe('terminated 1\n');
    },
  );
});
