// Fronts in the workers of a cluster, in threads, and behind a real balancer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';

import { proxyInfoOf } from 'uvnet/front';
import { addonEnvironment } from '../helpers/child';
import { FrontScope, makeCertificate, portOfFront } from '../helpers/fronts';
import { describeNeeds, missingCommand, needs } from '../helpers/needs';

const entry = require.resolve('../../dist/front.js');
const fronts = new FrontScope();
afterEach(() => fronts.dispose());

async function run(program: string, env: Record<string, string> = {}): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-front-'));
  try {
    const file = path.join(folder, 'program.cjs');
    writeFileSync(file, program);
    const child = spawn(process.execPath, [file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...addonEnvironment, ...env },
    });
    const [output, errors] = await Promise.all([
      child.stdout.toArray(),
      child.stderr.toArray(),
      once(child, 'close'),
    ]);
    return String(Buffer.concat([...output, ...errors] as Buffer[]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each(['rr', 'none'])(
  'the workers of a cluster (%s) have fronts on one port',
  async (policy) => {
    const output = await run(
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
      { NODE_CLUSTER_SCHED_POLICY: policy },
    );
    expect(output).toBe('true\n');
  },
);

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
});
