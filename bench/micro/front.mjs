#!/usr/bin/env node
// What a front costs: the CPU time of one of Node's servers per request (or connection), behind its front against
// by its own listen(). Interleaved pairs, with wrk, haproxy and the generators of the benchmark as load.
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const help = `Usage: node bench/micro/front.mjs [options]

Needs wrk, openssl, haproxy (Debian packages), and the generators: npm run bench -- --list builds them.

  --impl FILE     front.js of the build to measure (default: dist/front.js)
  --only REGEXP   workloads by name
  --pairs N       pairs of measurements (default: 9)
  --seconds N     of load in each (default: 1)
  --help          this text
`;

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const short = ['-H', 'Connection: close'];

/** The front of `against` is the other side, or the server's own listen() where there is none. */
const workloads = [
  { name: 'http keep-alive', kind: 'http' },
  { name: 'https keep-alive', kind: 'https' },
  { name: 'http short connection', kind: 'http', wrk: short },
  { name: 'https short connection', kind: 'https', wrk: short },
  { name: 'dropped connection', kind: 'blocked' },
  { name: 'PROXY v2, short connection', kind: 'http', wrk: short, proxy: true },
];

/** In a process of its own: the server under measurement. */
async function serve() {
  const { kind, front, proxy, impl, key, cert } = JSON.parse(process.argv[3]);
  const { createFront } = (await import(impl)).default;
  const handler = (request, response) => {
    response.setHeader('Content-Type', 'text/plain');
    response.setHeader('Content-Length', 13);
    response.end('Hello, world!');
  };
  const { BlockList } = net;
  const blockList = new BlockList();
  blockList.addSubnet('127.0.0.0', 8);
  const uvnetList = new (
    await import(path.join(path.dirname(impl), 'index.js'))
  ).default.BlockList();
  uvnetList.addSubnet('127.0.0.0', 8);
  const blocked = kind === 'blocked';
  const server =
    kind === 'https'
      ? https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, handler)
      : http.createServer(handler);
  if (blocked && !front) server.blockList = blockList;
  let requests = 0;
  server.on('request', () => requests++);
  const listener = front
    ? createFront(server, {
        proxyProtocol: proxy ? 'required' : 'off',
        ...(blocked && { blockList: uvnetList }),
      })
    : server;
  listener.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
    process.send({ port: server.address().port });
  });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send({ cpu: user + system, requests });
  });
  process.on('disconnect', () => process.exit());
}

async function ask(child) {
  child.send('cpu');
  const [answer] = await once(child, 'message');
  return answer;
}

async function load({ kind, wrk = [] }, port, seconds) {
  if (kind === 'blocked') {
    const program = here('../bin/load-churn');
    const args = ['--port', String(port), '--kind', 'refused', '--size', '1'];
    args.push('--connections', '50', '--seconds', String(seconds));
    // It runs for one slice per line of its input.
    const output = execFileSync(program, args, { input: 'go\n' });
    return JSON.parse(String(output).trim().split('\n').at(-1)).operations;
  }
  const url = `${kind === 'https' ? 'https' : 'http'}://127.0.0.1:${port}/`;
  const client = spawn('wrk', ['-t1', '-c50', `-d${seconds}s`, ...wrk, url], { stdio: 'ignore' });
  await once(client, 'exit');
  return undefined;
}

/** Between client and server, because no generator writes PROXY headers. */
async function balance(folder, port, proxy) {
  const file = path.join(folder, `haproxy-${port}.cfg`);
  const listen = port > 40_000 ? port - 20_000 : port + 20_000;
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen one
  bind 127.0.0.1:${listen}
  server one 127.0.0.1:${port} ${proxy ? 'send-proxy-v2' : ''}
`,
  );
  const balancer = spawn('haproxy', ['-f', file, '-db'], { stdio: 'ignore' });
  for (;;) {
    const socket = net.connect(listen, '127.0.0.1');
    const reached = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (reached) break;
  }
  return { port: listen, stop: () => balancer.kill() };
}

async function measure(workload, side, { folder, impl, seconds }) {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  const options = { kind: workload.kind, ...side, impl, key, cert };
  const child = fork(here('front.mjs'), ['--serve', JSON.stringify(options)]);
  const [{ port }] = await once(child, 'message');
  const balancer = workload.proxy ? await balance(folder, port, side.proxy) : undefined;
  const target = balancer?.port ?? port;
  await load(workload, target, seconds);
  const before = await ask(child);
  const operations = await load(workload, target, seconds);
  const after = await ask(child);
  balancer?.stop();
  child.disconnect();
  return (after.cpu - before.cpu) / (operations ?? after.requests - before.requests);
}

function quartiles(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((part) => sorted[Math.round((sorted.length - 1) * part)]);
}

async function main() {
  const { values } = parseArgs({
    options: {
      impl: { type: 'string', default: here('../../dist/front.js') },
      only: { type: 'string', default: '' },
      pairs: { type: 'string', default: '9' },
      seconds: { type: 'string', default: '1' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (!existsSync(here('../bin/load-churn'))) {
    throw new Error('bench/bin/load-churn is missing; see --help');
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-front-'));
  const setting = { folder, impl: path.resolve(values.impl), seconds: Number(values.seconds) };
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -keyout ${folder}/key.pem -out ${folder}/cert.pem`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  try {
    for (const workload of workloads.filter(({ name }) => new RegExp(values.only).test(name))) {
      const sides = workload.proxy
        ? [{ front: true }, { front: true, proxy: true }]
        : [{ front: false }, { front: true }];
      const ratios = [];
      const figures = [];
      for (let pair = 0; pair < Number(values.pairs); pair++) {
        const order = pair % 2 === 0 ? [0, 1] : [1, 0];
        const cost = [];
        for (const side of order) cost[side] = await measure(workload, sides[side], setting);
        ratios.push(cost[1] / cost[0]);
        figures.push(cost);
      }
      const [low, median, high] = quartiles(ratios).map((ratio) => ratio.toFixed(3));
      const [own, front] = [0, 1].map((side) =>
        quartiles(figures.map((cost) => cost[side]))[1].toFixed(1),
      );
      console.log(
        `${workload.name.padEnd(28)} ${own} → ${front} µs  ${median} (${low} to ${high})`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await (process.argv[2] === '--serve' ? serve() : main());
