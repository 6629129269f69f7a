// Fronts in the workers of a cluster, in threads, and behind a real balancer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type tls from 'node:tls';
import { Worker } from 'node:worker_threads';

import { proxyInfoOf, type Hello } from 'uvnet/front';
import { FrontScope, makeCertificate, portOfFront, runProgram } from '../helpers/fronts';
import { describeNeeds, missingCommand, needs } from '../helpers/needs';

const entry = require.resolve('../../dist/front.js');
const fronts = new FrontScope();
afterEach(() => fronts.dispose());

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

describeNeeds(missingCommand('haproxy'))('HAProxy', () => {
  /** HAProxy in front of a front; it listens on a Unix socket, so that no port can be taken. */
  async function balance(port: number, words: string, use: (path: string) => Promise<void>) {
    const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-front-'));
    const socketPath = path.join(folder, 'in.sock');
    const file = path.join(folder, 'haproxy.cfg');
    const limits = ['connect', 'client', 'server']
      .map((name) => `  timeout ${name} 30s\n`)
      .join('');
    writeFileSync(
      file,
      `defaults\n  mode tcp\n${limits}listen one\n  bind unix@${socketPath}\n  server s 127.0.0.1:${port} ${words}\n`,
    );
    const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
    try {
      for (;;) {
        const probe = net.connect(socketPath);
        const isThere = await new Promise((resolve) => {
          probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
        });
        probe.destroy();
        if (isThere === true) break;
        await new Promise(setImmediate);
      }
      await use(socketPath);
    } finally {
      child.kill();
      await once(child, 'exit');
      rmSync(folder, { recursive: true });
    }
  }

  test.each([
    ['v1', 'send-proxy', 1],
    ['v2', 'send-proxy-v2', 2],
  ])('its header (%s) reaches an http server', async (_, words, version) => {
    const server = http.createServer(({ socket }, response) => {
      response.end(String(proxyInfoOf(socket)?.version));
    });
    const front = await fronts.open(server, { proxyProtocol: 'required' });
    await balance(portOfFront(front), words, async (socketPath) => {
      const [answer] = (await once(http.get({ socketPath, agent: false }), 'response')) as [
        http.IncomingMessage,
      ];
      expect(String(await answer.toArray())).toBe(String(version));
    });
  });

  needs(missingCommand('openssl'))('it passes TLS through to an https server', async () => {
    const server = https.createServer(makeCertificate(), ({ socket }, response) => {
      response.end(String(proxyInfoOf(socket)?.version));
    });
    const front = await fronts.open(server, { proxyProtocol: 'required' });
    await balance(portOfFront(front), 'send-proxy-v2', async (socketPath) => {
      const request = https.get({ socketPath, agent: false, rejectUnauthorized: false });
      const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
      expect(String(await answer.toArray())).toBe('2');
    });
  });

  needs(missingCommand('openssl'))('it passes TLS through to the server of the name', async () => {
    const credentials = makeCertificate();
    const server = (name: string): https.Server =>
      https.createServer(credentials, ({ socket }, response) => {
        const { servername } = socket as tls.TLSSocket;
        response.end(`${name} ${String(servername)} ${String(proxyInfoOf(socket)?.version)}`);
      });
    const hellos: Hello[] = [];
    const [one, two] = [server('one'), server('two')];
    const front = await fronts.open(
      (hello) => {
        hellos.push(hello);
        return hello.serverName === 'one.example' ? one : two;
      },
      { sniff: true, proxyProtocol: 'required' },
    );
    await balance(portOfFront(front), 'send-proxy-v2', async (socketPath) => {
      const get = async (servername: string): Promise<string> => {
        const options = { socketPath, servername, agent: false, rejectUnauthorized: false };
        const [answer] = (await once(https.get(options), 'response')) as [http.IncomingMessage];
        return String(await answer.toArray());
      };
      expect(await get('one.example')).toBe('one one.example 2');
      expect(await get('two.example')).toBe('two two.example 2');
    });
    const served = hellos.filter(({ protocol }) => protocol === 'tls');
    expect(served.map(({ serverName }) => serverName)).toEqual(['one.example', 'two.example']);
    for (const { proxyInfo } of served) expect(proxyInfo).toMatchObject({ version: 2 });
  });
});
