#!/usr/bin/env node
// Measures the time of a connect to a loopback address, from the call to 'connect', on an otherwise
// idle loop: node:net and uvnet in turns, with the same server in a separate process. Usage: node
// bench/micro/connect-latency.mjs [connects] (after npm run build)
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import * as net from 'node:net';
import { fileURLToPath } from 'node:url';

const ADDRESSES = 128; // 127.0.0.1 to 127.0.0.128, so that local ports do not run out
const WARM_UP = 500;

if (process.argv[2] === '--serve') {
  const server = net.createServer((socket) => socket.resume());
  server.listen(0, '0.0.0.0', () => process.send(server.address().port));
} else {
  await measure(Number(process.argv[2] ?? 5000));
}

async function measure(connects) {
  const ours = createRequire(import.meta.url)('../../dist/index.js');
  if (ours.backend !== 'native') throw new Error('uvnet has no native code here');
  const child = fork(fileURLToPath(import.meta.url), ['--serve']);
  const [port] = await once(child, 'message');
  const times = [[], []];
  for (let i = -WARM_UP; i < connects; i += 1) {
    const host = `127.0.0.${1 + (Math.abs(i) % ADDRESSES)}`;
    // The order alternates, so that neither side always comes after the other.
    for (const side of i % 2 === 0 ? [0, 1] : [1, 0]) {
      const microseconds = await connect(side === 0 ? net : ours, host, port);
      if (i >= 0) times[side].push(microseconds);
    }
  }
  child.kill();

  console.log(`Node ${process.versions.node}: µs from connect() to 'connect', ${connects} each`);
  ['node:net', 'uvnet'].forEach((name, side) => {
    const sorted = times[side].sort((a, b) => a - b);
    const at = (share) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(1).padStart(7);
    console.log(
      `${name.padEnd(9)} p10 ${at(0.1)}  p50 ${at(0.5)}  p90 ${at(0.9)}  p99 ${at(0.99)}`,
    );
  });
}

async function connect(module, host, port) {
  const start = process.hrtime.bigint();
  const socket = module.connect({ host, port });
  await once(socket, 'connect');
  const microseconds = Number(process.hrtime.bigint() - start) / 1000;
  socket.destroy();
  await once(socket, 'close');
  return microseconds;
}
