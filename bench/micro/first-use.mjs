#!/usr/bin/env node
// Measures the CPU time (ms, of the process) that require(), the first connect(), the first listen()
// and the first accepted connection take in a fresh process. node:net and builds of uvnet take turns.
// Usage: node bench/micro/first-use.mjs [--node FILE] [--rounds N] [dist/index.js ...]
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: process.execPath },
    rounds: { type: 'string', default: '40' },
  },
});
const builds = positionals.length > 0 ? positionals : ['dist/index.js'];
const modules = ['node:net', ...builds.map((file) => resolve(file))];

/** Runs in the fresh process, which reports what each step took. */
function measure() {
  const [, name, port] = process.argv;
  const load = globalThis.require; // node -e makes it global.
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const say = (word) => load('node:fs').writeSync(1, `${word}\n`);
  const end = (times) => {
    say(JSON.stringify(times));
    process.exit();
  };
  cpu(); // The first call compiles it.
  say('');
  const start = cpu();
  const net = load(name);
  const loaded = cpu();
  if (port !== undefined) {
    net.connect(Number(port), '127.0.0.1', () => end({ connect: cpu() - loaded }));
    return;
  }
  let listening;
  const server = net.createServer(() => end({ ...listening, accept: cpu() - listening.at }));
  server.listen(0, '127.0.0.1', () => {
    listening = { require: loaded - start, listen: cpu() - loaded };
    say(server.address().port);
    listening.at = cpu();
  });
}

async function run(name, port) {
  const source = `(${measure})()`;
  const child = spawn(values.node, ['-e', source, name, ...port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let client;
  let report;
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{')) report = JSON.parse(line);
    else if (line !== '') client = connect(Number(line), '127.0.0.1').on('error', () => {});
  }
  client?.destroy();
  return report;
}

const server = createServer((socket) => socket.on('error', () => {}).resume());
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const port = String(server.address().port);
const found = new Map(modules.map((name) => [name, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of modules) {
    found.get(name).push({ ...(await run(name, [])), ...(await run(name, [port])) });
  }
}
server.close();

// Other programs on the machine only make a run slower, so the lower eighth varies less.
const steps = ['require', 'connect', 'listen', 'accept'];
console.log(`Node of ${values.node}, ms: median (lower eighth) of ${values.rounds}`);
for (const [name, runs] of found) {
  const cells = steps.map((step) => {
    const times = runs.map((run) => run[step]).sort((a, b) => a - b);
    const at = (share) => times[Math.floor(share * times.length)].toFixed(2);
    return `${step} ${at(0.5)} (${at(0.125)})`;
  });
  console.log(`${name}\n  ${cells.join('  ')}`);
}
