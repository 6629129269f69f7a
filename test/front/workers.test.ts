// Fronts in the workers of a cluster, and in threads.
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

import { runProgram } from '../helpers/fronts';

const entry = require.resolve('../../dist/front.js');

test.each(['rr', 'none'])(
  'the workers of a cluster (%s) have fronts on one port',
  async (policy) => {
    const output = await runProgram(
      `
      const cluster = require('node:cluster');
      const http = require('node:http');
      if (cluster.isPrimary) {
        let listening = 0;
        for (let i = 0; i < 2; i++) cluster.fork();
        cluster.on('listening', (_, { port }) => {
          if (++listening < 2) return;
          http.get({ port, host: '127.0.0.1', agent: false }, (answer) => {
            answer.setEncoding('utf8').on('data', (text) => console.log(text));
            answer.on('end', () => cluster.disconnect());
          });
        });
      } else {
        const { createFront } = require(${JSON.stringify(entry)});
        const server = http.createServer(({ socket }, response) => {
          response.end(String(socket.constructor === require('node:net').Socket));
        });
        const front = createFront(server, { maxConnectionsPerAddress: 10 });
        front.listen(0, '127.0.0.1');
      }`,
      { env: { NODE_CLUSTER_SCHED_POLICY: policy } },
    );
    expect(output).toBe('true\n');
  },
);

test.each(['rr', 'none'])(
  'a worker of a cluster (%s) that ends with an idle period answers over kept connections',
  async (policy) => {
    const output = await runProgram(
      `
      const cluster = require('node:cluster');
      const http = require('node:http');
      if (cluster.isPrimary) {
        const worker = cluster.fork();
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        const get = (port) => new Promise((resolve, reject) => {
          http.get({ port, host: '127.0.0.1', agent }, (answer) => {
            answer.resume().on('end', () => resolve(answer.headers.connection));
          }).on('error', reject);
        });
        const message = () => new Promise((resolve) => worker.once('message', resolve));
        cluster.on('listening', async (_, { port }) => {
          console.log(await get(port));
          worker.send('close');
          console.log(await message());
          // It comes before or after the answer.
          const result = message();
          console.log(await get(port));
          console.log(await result);
          agent.destroy();
        });
      } else {
        const { createFront } = require(${JSON.stringify(entry)});
        const front = createFront(http.createServer((_, response) => response.end('x')));
        front.listen(0, '127.0.0.1');
        process.on('message', async () => {
          const closed = front.close({ idlePeriod: 2 ** 30 });
          process.send('closing');
          const result = JSON.stringify(await closed);
          process.send(result, () => process.disconnect());
        });
      }`,
      { env: { NODE_CLUSTER_SCHED_POLICY: policy } },
    );
    expect(output).toBe('keep-alive\nclosing\nclose\n{"ended":1,"destroyed":0}\n');
  },
);

test('a thread whose front ends with an idle period answers over kept connections', async () => {
  const worker = new Worker(
    `
      const { parentPort } = require('node:worker_threads');
      const { createFront } = require(${JSON.stringify(entry)});
      const server = require('node:http').createServer((_, response) => response.end('x'));
      const front = createFront(server);
      front.listen(0, '127.0.0.1', () => parentPort.postMessage(front.address().port));
      parentPort.once('message', async () => {
        const closed = front.close({ idlePeriod: 2 ** 30 });
        parentPort.postMessage('closing');
        parentPort.postMessage(await closed);
      });`,
    { eval: true },
  );
  const [port] = (await once(worker, 'message')) as [number];
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const get = async (): Promise<unknown> => {
    const request = http.get({ port, host: '127.0.0.1', agent });
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    await answer.toArray();
    return answer.headers.connection;
  };
  expect(await get()).toBe('keep-alive');
  const messages: unknown[] = [];
  worker.on('message', (message) => messages.push(message));
  worker.postMessage('close');
  await once(worker, 'message');
  // The thread may end before the answer is here.
  const ended = once(worker, 'exit');
  expect(await get()).toBe('close');
  await ended;
  expect(messages).toEqual(['closing', { ended: 1, destroyed: 0 }]);
  agent.destroy();
});

test('a thread that is terminated leaves no connection of its front open', async () => {
  const worker = new Worker(
    `
      const { parentPort } = require('node:worker_threads');
      const { createFront } = require(${JSON.stringify(entry)});
      const server = require('node:net').createServer((socket) => socket.write('hello'));
      const front = createFront(server, { limitGroup: 'thread' });
      front.listen(0, '127.0.0.1', () => parentPort.postMessage(front.address().port));`,
    { eval: true },
  );
  const [port] = (await once(worker, 'message')) as [number];
  const client = net.connect(port, '127.0.0.1').on('error', () => {});
  const [greeting] = (await once(client, 'data')) as [Buffer];
  expect(String(greeting)).toBe('hello');
  const closed = once(client, 'close');
  await worker.terminate();
  await closed;
});
