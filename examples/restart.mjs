// An HTTP service that is replaced while it runs. Start it again: the new process takes over the listening socket
// of the old one, which answers what it has got and ends. No request fails.
//
//   node examples/restart.mjs [port] [path]
//   node examples/restart.mjs --show     replaces it three times under load, and counts
//
// The processes meet at a Unix socket. Whoever may connect to its path can take over, so put it into a folder in
// which nobody else may write.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import net from 'uvnet';
import { createFront } from 'uvnet/front';

/** The most time that the old process takes to end. */
const GRACE_MS = 30_000;

const app = http.createServer((request, response) => response.end(String(process.pid)));
const front = createFront(app);

/** Asks the running process for its listening socket. There may be none. */
function takeOver(path) {
  return new Promise((resolve, reject) => {
    const link = net.connect({ path, receiveDescriptors: true }).resume();
    link.once('descriptor', (received) => resolve({ link, fd: received.take() }));
    link.once('error', (error) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else reject(error);
    });
    link.once('close', () => reject(new Error('another process is just taking over')));
  });
}

/** Waits for the process that takes over. If it fails before it is ready, nothing has changed. */
const successors = net.createServer({ maxConnections: 1 }, (link) => {
  link.on('error', () => {});
  link.sendDescriptor('front', front);
  link.once('data', () => {
    successors.close(); // the path is free
    link.end();
    leave();
  });
});

/**
 * Idle connections stay open as long as their clients expect it. A request that comes over one is
 * answered with `Connection: close`.
 */
async function leave() {
  await front.close({ idlePeriod: app.keepAliveTimeout, gracePeriod: GRACE_MS });
  process.exit();
}

async function serve(port, path) {
  const running = await takeOver(path);
  front.listen(running ? { fd: running.fd } : { port, host: '127.0.0.1' });
  await once(front, 'listening');
  if (running) {
    running.link.end('ready');
    await once(running.link, 'close');
  }
  successors.listen({ path, mode: 0o600, replaceStale: true });
  await once(successors, 'listening');
  console.log(`listening on ${front.address().port}`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      successors.close();
      leave();
    });
  }
}

/** Sends requests until it is told to stop. With a pause, its connections are idle at times. */
async function send(port, load, { pause, ...options }) {
  const agent = new http.Agent(options);
  while (!load.done) {
    try {
      const request = http.get({ port, host: '127.0.0.1', agent });
      const [response] = await once(request, 'response');
      load.processes.add(String(Buffer.concat(await response.toArray())));
      load.requests++;
      load.connections += request.reusedSocket ? 0 : 1;
    } catch (error) {
      load.failed++;
      console.error(error.message);
    }
    if (pause) await sleep(pause);
  }
  agent.destroy();
}

async function show() {
  const folder = mkdtempSync(join(tmpdir(), 'restart-'));
  const start = async () => {
    const args = [fileURLToPath(import.meta.url), '0', join(folder, 'restart.sock')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout, 'data');
    return { child, port: Number(/\d+/.exec(line)) };
  };
  const first = await start();
  let { child } = first;
  const load = { done: false, requests: 0, connections: 0, failed: 0, processes: new Set() };
  const clients = [
    { keepAlive: false },
    { keepAlive: false, pause: 1 },
    { keepAlive: true },
    { keepAlive: true, pause: 1 },
    { keepAlive: true, pause: 100 },
    { keepAlive: true, pause: 500 },
  ].map((options) => send(first.port, load, options));
  for (let i = 0; i < 3; i++) {
    const old = once(child, 'exit');
    ({ child } = await start());
    await old;
  }
  load.done = true;
  await Promise.all(clients);
  child.kill();
  await once(child, 'exit');
  rmSync(folder, { recursive: true });
  const { requests, connections, processes, failed } = load;
  console.log(
    `${requests} requests over ${connections} connections, answered by ${processes.size} processes, ${failed} failed`,
  );
  process.exitCode = failed > 0 ? 1 : 0;
}

const [port = '8080', path = 'restart.sock'] = process.argv.slice(2);
const wantsHelp = port === '--help' || port === '-h';
if (wantsHelp || (port !== '--show' && (!/^\d+$/.test(port) || Number(port) > 65_535))) {
  (wantsHelp ? console.log : console.error)(
    'Usage: node examples/restart.mjs [PORT [PATH] | --show]',
  );
  process.exit(wantsHelp ? 0 : 2);
}
try {
  await (port === '--show' ? show() : serve(Number(port), path));
} catch (error) {
  console.error(`restart: ${error.message}`);
  process.exit(1);
}
