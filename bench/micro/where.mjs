#!/usr/bin/env node
// Shows how the CPU time of an operation is spent: it runs the workloads of the benchmark under
// perf(1), with one table row for each of node:net, uvnet and the C floor. Needs Linux and the
// package linux-perf. Usage: node bench/micro/where.mjs [--node PATH] [--only REGEX] (and other
// options of bench/run.mjs)
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildPrograms } from '../lib/build.mjs';
import { chooseCpus } from '../lib/machine.mjs';
import { isSliced, open, withChildren } from '../lib/measure.mjs';
import { UsageError, parseOptions } from '../lib/options.mjs';
import { makeSubjects } from '../lib/subjects.mjs';
import { workloads } from '../workloads.mjs';

const SLICE = 0.1;
const WARM_UP_SLICES = 15;
const SLICES = 20;

/** The part that a sample belongs to, by the file of its code; the first match counts. */
const PARTS = [
  ['kernel', /^\[(kernel|guest)/],
  ['C library', /^(libc|libm|libpthread|libstdc\+\+|ld-linux|\[vdso\])/],
  ['Node and V8', /^(node|libnode)/],
  ['uvnet native', /^uvnet/],
  // Compiled JavaScript has no file; the floor's code has its own.
  ['program', /./],
];

const scratch = mkdtempSync(join(tmpdir(), 'uvnet-where-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const data = join(scratch, 'perf.data');

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

async function sample(workload, subject, settings) {
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

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.impl === undefined) {
    throw new UsageError('usage: node bench/micro/where.mjs [--node PATH] [--only REGEX]');
  }
  const chosen = workloads.filter((each) => isSliced(each) && options.only.test(each.id));
  if (chosen.length === 0) throw new UsageError('no workload under load matches');
  if (spawnSync('perf', ['--version']).error) {
    throw new UsageError('perf is missing: it is in the package linux-perf');
  }
  buildPrograms();
  const settings = {
    settle: 0.02,
    slice: SLICE,
    cpus: chooseCpus(options.cpus),
    socketPath: () => join(scratch, 'socket'),
  };
  const subjects = makeSubjects({ ...options, floor: true });
  console.log(cells(['workload', 'by', 'in all', ...PARTS.map(([name]) => name)]));
  console.log(cells(['---', '---', ...Array(PARTS.length + 1).fill('---:')]));
  for (const workload of chosen) {
    for (const subject of subjects.filter((each) => each.runs(workload))) {
      const { value, parts } = await sample(workload, subject, settings);
      const all = `${rounded(value)} ${workload.unit}`;
      console.log(cells([workload.id, subject.label, all, ...parts.map(rounded)]));
    }
  }
}

main().catch((error) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
});
