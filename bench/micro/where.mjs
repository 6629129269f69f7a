#!/usr/bin/env node
// Where the CPU time of an operation goes: the workloads of the benchmark under perf(1), one table
// row for each of node:net, uvnet and the C floor. Needs Linux and the package linux-perf.
// Usage: node bench/micro/where.mjs [--node PATH] WORKLOAD... (ids as in `npm run bench -- --list`)
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { buildPrograms } from '../lib/build.mjs';
import { chooseCpus } from '../lib/machine.mjs';
import { open, withChildren } from '../lib/measure.mjs';
import { makeSubjects } from '../lib/subjects.mjs';
import { workloads } from '../workloads.mjs';

const SLICE = 0.1;
const WARM_UP_SLICES = 15;
const SLICES = 20;

/** What a sample was in, by the file that the code is of; the first that matches. */
const PARTS = [
  ['kernel', /^\[(kernel|guest)/],
  ['C library', /^(libc|libm|libpthread|libstdc\+\+|ld-linux|\[vdso\])/],
  ['Node and V8', /^(node|libnode)/],
  ["uvnet's core", /^uvnet/],
  ['JavaScript', /./], // compiled code has no file
];

const dist = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
const { values, positionals } = parseArgs({
  options: { node: { type: 'string', default: process.execPath } },
  allowPositionals: true,
});
const chosen = positionals.map((id) => {
  const workload = workloads.find((each) => each.id === id);
  if (workload === undefined) throw new Error(`no workload ${id}`);
  return workload;
});
buildPrograms();
const scratch = mkdtempSync(join(tmpdir(), 'uvnet-where-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const data = join(scratch, 'perf.data');
const settings = {
  settle: 0.02,
  slice: SLICE,
  cpus: chooseCpus(),
  socketPath: () => join(scratch, 'socket'),
};

/** Shares of the parts, in the order of PARTS. */
function shares() {
  const { stdout } = spawnSync(
    'perf',
    ['report', '-i', data, '--no-children', '-g', 'none', '--sort', 'dso', '--stdio'],
    { encoding: 'utf8' },
  );
  const sums = PARTS.map(() => 0);
  for (const [, percent, file] of stdout.matchAll(/^ +([\d.]+)% +(\S.*?) *$/gm)) {
    sums[PARTS.findIndex(([, pattern]) => pattern.test(file))] += Number(percent) / 100;
  }
  return sums;
}

async function sample(workload, subject) {
  rmSync(join(scratch, 'socket'), { force: true });
  return withChildren(async (start) => {
    let measured;
    const { slice, finish } = await open(workload, subject, settings, (options) => {
      const child = start(options);
      if (options.name === subject.label) measured = child;
      return child;
    });
    for (let i = 0; i < WARM_UP_SLICES; i += 1) await slice('warm');
    const perf = spawn(
      'perf',
      ['record', '-q', '-F', '4000', '-e', 'cpu-clock', '-p', `${measured.pid}`, '-o', data],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    for (let i = 0; i < SLICES; i += 1) await slice('go');
    perf.kill('SIGINT');
    await once(perf, 'exit');
    const { value } = await finish();
    return { value, parts: shares().map((share) => share * value) };
  });
}

const cells = (list) => `| ${list.join(' | ')} |`;
const rounded = (value) => value.toPrecision(value < 10 ? 2 : 3);
console.log(cells(['workload', 'by', 'in all', ...PARTS.map(([name]) => name)]));
console.log(cells(['---', '---', ...Array(PARTS.length + 1).fill('---:')]));
const subjects = makeSubjects({
  node: values.node,
  impl: dist,
  baseline: 'node:net',
  floor: true,
  defaultImpl: dist,
});
for (const workload of chosen) {
  for (const subject of subjects.filter((each) => each.runs(workload))) {
    const { value, parts } = await sample(workload, subject);
    const unit = workload.unit;
    console.log(
      cells([workload.id, subject.label, `${rounded(value)} ${unit}`, ...parts.map(rounded)]),
    );
  }
}
