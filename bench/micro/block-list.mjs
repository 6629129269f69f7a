#!/usr/bin/env node
// BlockList.check() by number of rules, against node:net of the same Node: nanoseconds of CPU time
// per call for addresses on the list and not on it, and bytes per rule.
//
// Usage: node bench/micro/block-list.mjs [--sizes 10,1000,100000,1000000] [--kinds ipv4,ipv6,subnet]
// (after npm run build). Each list is measured in a process of its own, uvnet and node:net in turns;
// the table has the best of several short rounds, because other work only ever adds time. Lists
// that node:net checks rule by rule are left out where a single check takes milliseconds.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import * as net from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10,1000,100000,1000000' },
    kinds: { type: 'string', default: 'ipv4,ipv6,subnet' },
    measure: { type: 'string' },
  },
});

/** The n-th of a sequence of numbers below 2^32 that repeats none and looks scattered. */
const scatter = (n) => Math.imul(n + 1, 2654435761) >>> 0;
const dotted = (n) => `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
const groups = (n) => `2001:db8:${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}::`;

const kinds = {
  // Single addresses.
  ipv4: { family: 'ipv4', address: dotted, rule: dotted },
  ipv6: { family: 'ipv6', address: (n) => `${groups(n)}1`, rule: (n) => `${groups(n)}1` },
  // As many as wanted, and still no single addresses.
  subnet: { family: 'ipv4', address: dotted, rule: (n) => `${dotted(n)}/31` },
};

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

/** The native memory of a list of uvnet. Neither the method nor the id of the list is public. */
function memoryOf(list) {
  const binary = Object.keys(require.cache).find((file) => file.endsWith('.node'));
  const number = Object.getOwnPropertySymbols(Object.getPrototypeOf(list)).find(
    ({ description }) => description === 'listId',
  );
  return require(binary).blockListMemory(list[number]);
}

function measure(implementation, kind, size) {
  const { family, address, rule } = kinds[kind];
  const isOurs = implementation === 'uvnet';
  const { BlockList } = isOurs ? require('../../dist/index.js') : net;
  const rules = Array.from({ length: size }, (_, i) => rule(scatter(i)));
  const probes = Math.min(size, 4096);
  const hits = Array.from({ length: probes }, (_, i) => address(scatter((i * 7919) % size)));
  const misses = Array.from({ length: probes }, (_, i) => address(scatter(size + i * 31)));

  globalThis.gc();
  const before = process.memoryUsage.rss();
  const list = new BlockList();
  let start = cpu();
  if (isOurs) list.addMany(rules);
  else if (kind === 'subnet') {
    for (const text of rules) list.addSubnet(text.slice(0, -3), 31, family);
  } else for (const text of rules) list.addAddress(text, family);
  const load = cpu() - start;
  globalThis.gc();
  const bytes = isOurs ? memoryOf(list) : process.memoryUsage.rss() - before;

  // As many calls as take some milliseconds.
  const time = (texts) => {
    let calls = 100;
    let best = Infinity;
    for (let round = 0; round < 30; round++) {
      start = cpu();
      let found = 0;
      for (let i = 0; i < calls; i++) found += list.check(texts[i % texts.length], family) ? 1 : 0;
      const taken = cpu() - start;
      if (taken < 5e6 && calls < 200_000) calls *= 4;
      else if (round > 3) best = Math.min(best, taken / calls);
      if (found > calls) throw new Error('unreachable');
      if (taken > 5e8) return taken / calls;
    }
    return best;
  };
  return { hit: time(hits), miss: time(misses), bytes: bytes / size, load: load / 1e6 };
}

if (values.measure !== undefined) {
  const [implementation, kind, size] = values.measure.split(',');
  console.log(JSON.stringify(measure(implementation, kind, Number(size))));
} else {
  const run = (...what) =>
    JSON.parse(
      execFileSync(
        process.execPath,
        ['--expose-gc', fileURLToPath(import.meta.url), '--measure', what.join(',')],
        { encoding: 'utf8' },
      ),
    );
  const best = (results) =>
    results.reduce((a, b) => ({
      hit: Math.min(a.hit, b.hit),
      miss: Math.min(a.miss, b.miss),
      load: Math.min(a.load, b.load),
      bytes: a.bytes,
    }));
  // Before Node 24.21, and in 25, a list is a chain of rules.
  const walks = !('addCIDR' in net.BlockList.prototype);
  const ns = (value) => (value >= 1000 ? `${(value / 1000).toFixed(1)} µs` : value.toFixed(0));
  console.log(`Node ${process.versions.node}; times in ns, loading in ms`);
  console.log('| rules | kind | | hit | miss | bytes/rule | load |');
  console.log('|---|---|---|---|---|---|---|');
  for (const kind of values.kinds.split(',')) {
    for (const size of values.sizes.split(',').map(Number)) {
      const sides = { uvnet: [], 'node:net': [] };
      for (let turn = 0; turn < 3; turn++) {
        sides.uvnet.push(run('uvnet', kind, size));
        if (size < 100_000 || !walks) sides['node:net'].push(run('node:net', kind, size));
      }
      for (const [side, results] of Object.entries(sides)) {
        if (results.length === 0) continue;
        const { hit, miss, bytes, load } = best(results);
        // The memory of a few rules is too small to show in the pages of the process.
        const memory = side === 'uvnet' || size >= 100_000 ? bytes.toFixed(0) : '';
        console.log(
          `| ${size} | ${kind} | ${side} | ${ns(hit)} | ${ns(miss)} | ${memory} | ${load.toFixed(1)} |`,
        );
      }
    }
  }
}
