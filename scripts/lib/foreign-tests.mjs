// One test file on a Node of another platform: a process for it under an emulator, what its cases said, and
// what that means.
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { failedInControl, isControl } from './controls.mjs';
import { at } from './tools.mjs';

/** A process that has recorded nothing for this time hangs. */
const silenceMilliseconds = 60_000;
/** How many processes a file gets if cases hang or crash. Each continues after such a case. */
const maxAttempts = 6;
/** How long they may take together. */
const fileMilliseconds = 300_000;
/** A case fails after this time: earlier than its process counts as one that hangs. */
const caseMilliseconds = 30_000;

/**
 * How a Node of another platform is started: `start(args, { env, stdio })` answers the child, `pathOf(file)`
 * is the path as that Node sees it, and jest keeps its own in `cache`. `binary` is the addon, and `leftOut`
 * has the cases that cannot hold there: a regular expression of their name, for one file or for all.
 * `patience` is how many times longer than usual a case may take. `stop()` ends what a killed process has left
 * running.
 *
 * @typedef {{
 *   start: Function, pathOf: Function, cache: string, binary: string, leftOut: { what: string, file?: string }[],
 *   patience?: number, stop?: Function
 * }} Runner
 */

/** Runs jest on a file until it ends, hangs or is late; answers how it ended, as a text for people. */
function runJest(runner, file, { log, output, deadline }) {
  const { start, pathOf, cache, binary, leftOut, patience = 1 } = runner;
  const patterns = leftOut
    .filter((each) => each.file === undefined || each.file === file)
    .map(({ what }) => what);
  const descriptor = openSync(output, 'w');
  const child = start(
    [
      'node_modules/jest/bin/jest.js',
      ...[
        '--runInBand',
        '--forceExit',
        `--testTimeout=${caseMilliseconds * patience}`,
        '--reporters=default',
        // Which files run is decided here.
        '--testPathIgnorePatterns=/node_modules/',
      ],
      `--env=${pathOf(at('scripts/foreign/environment.cjs'))}`,
      `--cacheDirectory=${pathOf(cache)}`,
      ...['--runTestsByPath', file],
    ],
    {
      env: {
        UVNET_BINDING: pathOf(binary),
        UVNET_TEST_LOG: pathOf(log),
        UVNET_TEST_LEFT_OUT: JSON.stringify(patterns),
      },
      stdio: ['ignore', descriptor, descriptor],
    },
  );
  closeSync(descriptor);
  return new Promise((resolve, reject) => {
    let killed;
    const kill = (reason) => {
      killed = reason;
      child.kill('SIGKILL');
    };
    let noted = Date.now();
    let size = 0;
    const watch = setInterval(() => {
      const now = statSync(log).size;
      if (now !== size) noted = Date.now();
      size = now;
      if (Date.now() >= deadline) kill('was ended because the time is over');
      else if (Date.now() - noted >= silenceMilliseconds * patience) kill('hung');
    }, 1000);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      if (killed) runner.stop?.();
      resolve(killed ?? `ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

/** Reads the log: one { name, outcome, error } for each case that has started. */
function readLog(log) {
  const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
  const entries = lines.map((line) => JSON.parse(line));
  const cases = [];
  for (const { begun, ended, skipped, leftOut, error } of entries) {
    if (begun !== undefined) cases.push({ name: begun });
    const open = cases.find(({ name, outcome }) => name === ended && !outcome);
    if (!open) continue;
    open.outcome = leftOut ? 'leftOut' : skipped ? 'skipped' : error ? 'failed' : 'passed';
    open.error = error;
  }
  return { cases, finished: entries.some(({ finished }) => finished) };
}

/**
 * Runs the cases of a file, in several processes if need be: one that ends too early costs one case. Whatever
 * keeps the rest of the file from running counts as a case that failed.
 */
async function runCases(runner, file, options) {
  const { log, deadline } = options;
  writeFileSync(log, '');
  const broken = new Map();
  let ending = 'did not start because the time is over';
  for (let attempt = 1; attempt <= maxAttempts && Date.now() < deadline; attempt += 1) {
    ending = await runJest(runner, file, options);
    const { cases, finished } = readLog(log);
    for (const [index, { outcome }] of cases.entries()) {
      if (!outcome && !broken.has(index)) broken.set(index, ending);
    }
    if (finished) return { cases, broken };
    // It ended without starting another case, and would do so again.
    if (!broken.has(cases.length - 1)) break;
  }
  const { cases } = readLog(log);
  broken.set(cases.length, ending);
  return { cases: [...cases, { name: `the file ${ending}` }], broken };
}

/**
 * Runs a test file, until `deadline` at most. A failing case of uvnet counts as failed, unless the same case also fails on
 * node:net there: `failedInControl` has those. Cases of node:net itself are only the control.
 */
export async function testFile(runner, file, { scratch, deadline }) {
  const name = file.replaceAll('/', '-');
  const files = {
    log: path.join(scratch, `${name}.log`),
    output: path.join(scratch, `${name}.out`),
  };
  const { cases, broken } = await runCases(runner, file, {
    ...files,
    deadline: Math.min(deadline, Date.now() + fileMilliseconds * (runner.patience ?? 1)),
  });
  for (const [index, ending] of broken) {
    Object.assign(cases[index], { outcome: 'failed', error: ending });
  }
  const failed = cases.filter(({ outcome }) => outcome === 'failed');
  const ours = cases.filter(({ name }) => !isControl(name));
  const inControl = new Set(failedInControl(failed.map((each) => each.name)));
  const failsThereToo = (each) => inControl.has(each.name);
  const count = (wanted) => ours.filter(({ outcome }) => outcome === wanted).length;
  const result = {
    file,
    passed: count('passed'),
    controls: cases.length - ours.length,
    failures: ours.filter((each) => each.outcome === 'failed' && !failsThereToo(each)),
    failedInControl: ours.filter((each) => each.outcome === 'failed' && failsThereToo(each)),
    leftOut: count('leftOut'),
    skipped: count('skipped'),
  };
  // The rest of the output is jest's own, and has the same information.
  if (cases.length === 0 && existsSync(files.output)) {
    result.failures.push({ name: 'no case ran', error: readFileSync(files.output, 'utf8') });
  }
  for (const each of Object.values(files)) rmSync(each, { force: true });
  return result;
}
