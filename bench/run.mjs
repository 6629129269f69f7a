#!/usr/bin/env node
/* The command of the benchmark; see README.md beside this file. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { buildPrograms } from './lib/build.mjs';
import { formatHtml } from './lib/html.mjs';
import { formatGrowthSvg } from './lib/growth-svg.mjs';
import { formatSvg } from './lib/svg.mjs';
import { chooseCpus, describeMachine, loadAverage, versionOf } from './lib/machine.mjs';
import { formatMarkdown } from './lib/markdown.mjs';
import { HELP, UsageError, formatUsageError, parseOptions } from './lib/options.mjs';
import { runWorkloads } from './lib/session.mjs';
import { makeSubjects } from './lib/subjects.mjs';
import { Progress, formatSummary, formatTable } from './lib/terminal.mjs';
import { workloads } from './workloads.mjs';

const FORMAT_VERSION = 1;
/** Seconds of traffic that are counted in one turn, and seconds before it that are not. */
const SLICE = 0.1;
const SETTLE = 0.02;

function selectWorkloads({ only, quick }, explicit) {
  const selected = workloads.filter(
    (workload) => only.test(workload.id) && (!quick || explicit || workload.quick),
  );
  if (selected.length === 0) throw new UsageError('no workload matches: see --list');
  return selected;
}

/** Measures, and returns the data for all reports. */
async function runBenchmark(options) {
  if (process.platform !== 'linux') {
    throw new UsageError('the benchmark needs Linux: its load generators use epoll');
  }
  const chosen = selectWorkloads(options, options.only.source !== '(?:)');
  // The targets are ratios to node:net, and do not apply to any other pair.
  const fair = options.baseline === 'node:net';
  const selected = fair ? chosen : chosen.map((one) => ({ ...one, target: undefined }));
  buildPrograms();
  const cpus = chooseCpus(options.cpus);
  const subjects = makeSubjects(options);
  const sockets = mkdtempSync(join(tmpdir(), 'uvnet-bench-'));
  let socketCount = 0;
  const { pairs, warmup, seconds } = options;
  const settings = {
    pairs,
    quick: options.quick,
    settle: SETTLE,
    warmupSlices: Math.max(1, Math.round(warmup / SLICE)),
    slices: Math.max(1, Math.round(seconds / SLICE)),
    slice: SLICE,
    cpus,
    socketPath: () => join(sockets, `${(socketCount += 1)}.sock`),
  };
  const head = {
    format: FORMAT_VERSION,
    date: new Date().toISOString(),
    machine: describeMachine(),
    node: versionOf(options.node),
    bun: options.bun && versionOf(options.bun),
    settings: { pairs, warmup, seconds, slice: SLICE, settle: SETTLE, cpus, quick: options.quick },
    loadAverage: loadAverage(),
  };
  if (cpus === undefined) console.error('one core only: server and generator share it');
  console.error(`Node ${head.node}, ${head.machine.cpu}, ${head.machine.kernel}`);

  const total =
    pairs *
    selected.reduce((sum, one) => sum + subjects.filter((subject) => subject.runs(one)).length, 0);
  const progress = new Progress(total);
  const cleanUp = () => rmSync(sockets, { recursive: true, force: true });
  process.on('exit', cleanUp);
  process.on('SIGINT', () => process.exit(130)); // the terminal signals the children as well
  const results = await runWorkloads(selected, subjects, settings, progress, (result) => {
    progress.print(formatSummary(result));
  });
  return { ...head, results };
}

function write(path, text) {
  const absolute = resolve(path);
  mkdirSync(dirname(absolute), { recursive: true });
  writeFileSync(absolute, text);
  console.error(`wrote ${path}`);
}

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  if (options.list) {
    for (const { id, title } of workloads) console.log(`${id.padEnd(18)} ${title}`);
    return;
  }
  const reports = options.from
    ? options.from.map((path) => JSON.parse(readFileSync(path, 'utf8')))
    : [await runBenchmark(options)];
  for (const report of reports) console.log(formatTable(report.results));
  if (options.json) write(options.json, `${JSON.stringify(reports[0], null, 1)}\n`);
  if (options.html) write(options.html, formatHtml(reports));
  if (options.svg) write(options.svg, formatSvg(reports[0]));
  if (options.growth) write(options.growth, formatGrowthSvg(reports[0]));
  if (options.markdown) write(options.markdown, formatMarkdown(reports));
  const failed = reports.some(({ results }) =>
    results.some(({ subjects }) => subjects.some(({ errors }) => errors.length > 0)),
  );
  if (failed) process.exitCode = 1;
}

main().catch((error) => {
  console.error(error instanceof UsageError ? formatUsageError(error) : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
