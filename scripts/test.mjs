#!/usr/bin/env node
// Runs the tests, part by part, and ends with one line that sums them all.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { spawnSync } from 'node:child_process';
import { addonOf, build, configure, runNativeTests } from './lib/native.mjs';
import { at, CommandError, main, readJson, root, run, runModule } from './lib/tools.mjs';

const help = `Usage: node scripts/test.mjs [options] [-- jest arguments]

Installs and builds what is missing, then runs the type check, the C++ unit tests and jest.
The last line is "N passed, N failed"; the exit code is 1 when something failed.

  --only PART      types, native or jest; may be given more than once
  --flavour NAME   run on a developers' build of the addon: debug, asan or coverage
                   (default: the release build; the C++ unit tests then run as debug)
  --node PATH      run jest with this Node binary
  --help           this text
`;

const parts = ['types', 'native', 'jest'];

/** What a sanitized addon needs of the process that loads it. */
function sanitizerEnv() {
  const { stdout } = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  if (!stdout || !path.isAbsolute(stdout.trim())) throw new CommandError('gcc has no libasan.so');
  return {
    LD_PRELOAD: stdout.trim(),
    ASAN_OPTIONS:
      'halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1',
    LSAN_OPTIONS: `suppressions=${at('scripts/lsan.supp')}:print_suppressions=0`,
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  };
}

function testTypes() {
  const result = { passed: 0, failed: 0, failures: [] };
  for (const project of ['tsconfig.json', 'tsconfig.test.json']) {
    try {
      runModule('typescript/bin/tsc', ['-p', project, '--noEmit']);
      result.passed++;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      result.failed++;
      result.failures.push(`tsc -p ${project}`);
    }
  }
  return result;
}

function testNative(flavour) {
  const folder = configure(flavour);
  build(folder, 'native_tests');
  return runNativeTests(folder, {
    env: flavour === 'asan' ? { ...process.env, ...sanitizerEnv(), LD_PRELOAD: '' } : process.env,
  });
}

function testJest({ node, flavour, jestArguments }) {
  const report = at('.cache', `jest-${process.pid}.json`);
  mkdirSync(path.dirname(report), { recursive: true });
  const env = { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
  const options = ['--json', `--outputFile=${report}`, '--passWithNoTests'];
  if (flavour !== undefined) {
    build(configure(flavour), 'uvnet');
    env.UVNET_BINDING = addonOf(flavour);
  }
  if (flavour === 'asan') {
    Object.assign(env, sanitizerEnv());
    // One process, so that a report of the sanitizers ends the run and cannot be overlooked.
    options.push('--runInBand');
  }
  let crash;
  try {
    // jest prints the JSON report to stdout as well as to the file; what people read is on stderr.
    run(node, [at('node_modules/jest/bin/jest.js'), ...options, ...jestArguments], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    crash = error.message;
  }
  const result = { passed: 0, failed: 0, failures: [] };
  try {
    const json = readJson(report);
    result.passed = json.numPassedTests;
    for (const file of json.testResults) {
      const name = path.relative(root, file.name);
      const failed = file.assertionResults.filter(({ status }) => status === 'failed');
      result.failures.push(...failed.map(({ fullName }) => `${name}: ${fullName}`));
      // A file that could not be run at all.
      if (file.status === 'failed' && failed.length === 0) result.failures.push(name);
    }
  } catch {
    // No report: jest itself came to grief.
  }
  rmSync(report, { force: true });
  // A crash or a sanitizer's report can come after the last test passed.
  if (crash && result.failures.length === 0) result.failures.push(crash);
  result.failed = result.failures.length;
  return result;
}

main(() => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true, default: parts },
      flavour: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  for (const part of values.only) {
    if (!parts.includes(part)) {
      throw new CommandError(`--only ${part}: not one of ${parts.join(', ')}`);
    }
  }
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });

  const results = [];
  const part = (name, body) => {
    if (!values.only.includes(name)) return;
    console.log(`\n== ${name} ==`);
    try {
      results.push({ name, ...body() });
    } catch (error) {
      console.error(error instanceof CommandError ? `error: ${error.message}` : error);
      results.push({ name, passed: 0, failed: 1, failures: [error.message] });
    }
  };
  part('types', testTypes);
  part('native', () => testNative(values.flavour ?? 'debug'));
  part('jest', () =>
    testJest({ node: values.node, flavour: values.flavour, jestArguments: positionals }),
  );

  console.log('');
  for (const { name, passed, failed } of results) {
    console.log(`${name.padEnd(8)}${passed} passed, ${failed} failed`);
  }
  for (const { name, failures } of results) {
    for (const failure of failures) console.log(`FAILED ${name}: ${failure}`);
  }
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  if (sum('failed') > 0) process.exitCode = 1;
});
