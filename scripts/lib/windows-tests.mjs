// Runs one test file on Windows, in a process under Wine, and evaluates the results of its cases.
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
import { at } from './tools.mjs';
import { spawnWine, windowsPath } from './wine.mjs';

/** A process that has recorded nothing for this time hangs. */
const silenceMilliseconds = 90_000;
/** How many processes a file gets if cases hang or crash. Each continues after such a case. */
const maxAttempts = 6;

/** Runs jest on a file until it ends or hangs. Returns a readable description of how it ended. */
function runJest(node, file, { log, output, binary, leftOut }) {
  const descriptor = openSync(output, 'w');
  const child = spawnWine(
    node,
    [
      'node_modules/jest/bin/jest.js',
      ...['--runInBand', '--forceExit', '--testTimeout=30000', '--reporters=default'],
      `--env=${windowsPath(at('scripts/wine/environment.cjs'))}`,
      `--cacheDirectory=${windowsPath(at('.cache/wine/jest'))}`,
      ...['--runTestsByPath', file],
    ],
    {
      env: {
        UVNET_BINDING: windowsPath(binary),
        UVNET_TEST_LOG: windowsPath(log),
        UVNET_TEST_LEFT_OUT: JSON.stringify(leftOut),
      },
      stdio: ['ignore', descriptor, descriptor],
    },
  );
  closeSync(descriptor);
  return new Promise((resolve, reject) => {
    let hangs = false;
    let noted = Date.now();
    let size = 0;
    const watch = setInterval(() => {
      const now = statSync(log).size;
      if (now !== size) noted = Date.now();
      size = now;
      if (Date.now() - noted < silenceMilliseconds) return;
      hangs = true;
      child.kill('SIGKILL');
    }, 1000);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      resolve(hangs ? 'hung' : `ended with ${signal ?? `exit code ${code}`}`);
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
 * Runs the cases of a file in as many processes as necessary. A process that ends too early costs
 * one case.
 */
async function runCases(node, file, options) {
  const { log } = options;
  writeFileSync(log, '');
  const broken = new Map();
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const ending = await runJest(node, file, options);
    const { cases, finished } = readLog(log);
    for (const [index, { outcome }] of cases.entries()) {
      if (!outcome && !broken.has(index)) broken.set(index, ending);
    }
    if (finished) break;
    // It ended without starting another case, and would do so again.
    if (cases.length === 0 || ![...broken.keys()].includes(cases.length - 1)) {
      cases.push({ name: `the file ${ending}` });
      broken.set(cases.length - 1, ending);
      return { cases, broken };
    }
  }
  return { cases: readLog(log).cases, broken };
}

const control = '(node:net)';
const isControl = ({ name }) => name.includes(control);

/**
 * Runs a test file. A failing case of uvnet counts as failed, unless the same case also fails on
 * node:net there: `failedInControl` has those. Cases of node:net itself are only the control.
 */
export async function testFile(node, file, { scratch, binary, leftOut }) {
  const name = file.replaceAll('/', '-');
  const files = {
    log: path.join(scratch, `${name}.log`),
    output: path.join(scratch, `${name}.out`),
  };
  const { cases, broken } = await runCases(node, file, { ...files, binary, leftOut });
  for (const [index, ending] of broken) {
    Object.assign(cases[index], { outcome: 'failed', error: ending });
  }
  const failed = cases.filter(({ outcome }) => outcome === 'failed');
  const failedControls = new Set(failed.filter(isControl).map((each) => each.name));
  const ours = cases.filter((each) => !isControl(each));
  const failsThereToo = (each) => failedControls.has(each.name.replace('(uvnet)', control));
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
