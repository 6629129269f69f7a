#!/usr/bin/env node
// Runs workers that end at any moment, with every kind of handle open and connections in transfer
// between them. It checks that the process survives, that each worker ends as requested, that no
// descriptors leak, and that memory stays bounded.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { at, main } from './lib/tools.mjs';

const help = `Usage: node scripts/stress.mjs [options]   (Linux)

  --seconds N   how long (default: 60)
  --seed N      the first seed, which is printed (default: from the clock)
  --limit N     the limit of descriptors (default: 400)
  --help        this text
`;

const WORKERS = 3;
const ENDINGS = ['terminate', 'exit', 'throw'];
const MB = 1024 * 1024;

/** The totals that the workers have reported. */
const totals = {};

const descriptors = () => readdirSync('/proc/self/fd').length;

/**
 * Runs a worker to its end. Resolves with a description of the problem, if there is one.
 *
 * @param running - the workers of the round: each may take the offers of others that have not ended
 * @param loading - how many of them have not loaded uvnet yet
 */
function live(seed, index, running, loading, folder) {
  const ending = ENDINGS[seed % ENDINGS.length];
  const workerData = { entry: at('dist'), folder, index, seed, ending, turns: seed % 60, loading };
  const worker = new Worker(at('test/stress/worker.cjs'), { workerData });
  running.push(worker);
  let thrown;
  worker.on('message', ({ token, counts, isRipe }) => {
    if (isRipe) worker.terminate();
    if (token !== undefined) running[(index + 1) % running.length].postMessage(token);
    for (const name in counts) totals[name] = (totals[name] ?? 0) + counts[name];
  });
  worker.on('error', (error) => (thrown = error));
  return new Promise((resolve) => {
    worker.on('exit', (code) => {
      const expected = ending === 'exit' ? 7 : 1;
      const isRight =
        code === expected && (ending === 'throw' ? thrown?.message === 'on purpose' : !thrown);
      resolve(
        isRight
          ? undefined
          : `seed ${seed}: told to ${ending}, ended with ${code} ${thrown?.stack ?? ''}`,
      );
    });
  });
}

/** Closing a descriptor of a worker may take some turns of the loop; a leak stays for good. */
async function settled(before) {
  for (const end = Date.now() + 5000; descriptors() > before && Date.now() < end;) await nextTurn();
  return descriptors();
}

async function stress(seconds, firstSeed) {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-stress-'));
  const failures = [];
  let seed = firstSeed;
  let rounds = 0;
  let before;
  let memory;
  for (const end = Date.now() + seconds * 1000; Date.now() < end && failures.length < 5;) {
    const running = [];
    const loading = new Int32Array(new SharedArrayBuffer(4)).fill(WORKERS);
    const lives = Array.from({ length: WORKERS }, (_, index) =>
      live((seed += 1), index, running, loading, folder),
    );
    failures.push(...(await Promise.all(lives)).filter((failure) => failure !== undefined));
    rounds += 1;
    if (rounds === 10) {
      before = descriptors();
      memory = process.memoryUsage.rss();
    }
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(`${rounds} rounds of ${WORKERS} workers, seeds ${firstSeed + 1} to ${seed}`);
  console.log(JSON.stringify(totals));
  for (const name in totals) if (totals[name] === 0) failures.push(`nothing was ${name}`);
  if (before === undefined) return [...failures, 'too few rounds to tell anything'];
  const after = await settled(before);
  const grown = process.memoryUsage.rss() - memory;
  console.log(
    `descriptors: ${before}, then ${after}; memory grew by ${(grown / MB).toFixed(1)} MB`,
  );
  if (after > before) failures.push(`${after - before} descriptors are left`);
  if (grown > 100 * MB) failures.push('memory grew');
  return failures;
}

main(async () => {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      limit: { type: 'string', default: '400' },
      inside: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  if (!values.inside) {
    console.log(`seed ${seed}`);
    // The shell sets the limit. A crash appears here as a signal.
    const rest = ['--inside', '--seed', String(seed), '--seconds', values.seconds];
    const { status, signal } = spawnSync(
      'bash',
      [
        '-c',
        'ulimit -n "$1"; shift; exec "$@"',
        'bash',
        values.limit,
        process.execPath,
        at('scripts/stress.mjs'),
        ...rest,
      ],
      { stdio: 'inherit' },
    );
    if (status !== 0) console.log(`FAIL exit code ${status ?? signal}`);
    console.log(`${status === 0 ? 1 : 0} passed, ${status === 0 ? 0 : 1} failed`);
    process.exitCode = status === 0 ? 0 : 1;
    return;
  }
  const failures = await stress(Number(values.seconds), seed);
  for (const failure of failures) console.log(`FAIL ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
});
