#!/usr/bin/env node
// Compares isIP, isIPv4 and isIPv6 with node:net: nanoseconds per call, interleaved. It shows the
// second smallest of many short rounds, because other work on the machine only adds time. Usage:
// node bench/micro/ip.mjs (after npm run build:ts)
import { createRequire } from 'node:module';
import * as net from 'node:net';

const ours = createRequire(import.meta.url)('../../dist/index.js');

const inputs = [
  '8.8.8.8',
  '127.0.0.1',
  '10.20.30.4',
  '10.20.30.40',
  '192.168.100.200',
  '::1',
  'fe80::1%eth0',
  '::ffff:10.0.0.1',
  '::ffff:192.168.100.200',
  '2a00:1450:4001:81b::200e',
  'fe80::8d3:1319:8a2e:370:7348',
  '2001:db8:1:2:3:4:5:6',
  '2001:db8:85a3:8d3:1319:8a2e:370:7348',
  'localhost',
  'example.com',
  'api.eu-west-1.example.org',
];
const functions = ['isIP', 'isIPv4', 'isIPv6'];
const rounds = 60;
const calls = 20_000;

// A new function per measured case: each gets its own inline caches, as a user's call site does.
function runner(test, text) {
  return new Function(
    'test',
    'text',
    'calls',
    `
    const texts = [text, text];
    let sum = 0;
    for (let i = 0; i < calls; i++) sum += +test(texts[i & 1]);
    return sum;
  `,
  ).bind(undefined, test, text, calls);
}

function time(run) {
  const start = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - start) / calls;
}

const best = (values) => values.sort((a, b) => a - b)[1];

console.log(`Node ${process.versions.node}: ns per call, node:net / uvnet`);
for (const text of inputs) {
  const cells = functions.map((name) => {
    const runs = [runner(net[name], text), runner(ours[name], text)];
    const times = [[], []];
    for (let round = -10; round < rounds; round++) {
      runs.forEach((run, index) => {
        const value = time(run);
        if (round >= 0) times[index].push(value);
      });
    }
    const [node, mine] = times.map(best);
    return `${name} ${node.toFixed(1).padStart(5)} / ${mine.toFixed(1).padStart(4)}`;
  });
  console.log(`${text.padEnd(37)} ${cells.join('   ')}`);
}
