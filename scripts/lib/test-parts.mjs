// The parts of a test run. Each returns { passed, failures, skipped, apart }: a failure is one readable
// line. Each skipped case is one line, which says why. What fails on node:net on this platform is apart.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { readReport } from './jest-report.mjs';
import { addonOf, build, configure, nativeTests, runNativeTests } from './native.mjs';
import {
  at,
  capture,
  CommandError,
  hasCommand,
  inParallel,
  readJson,
  root,
  runModule,
} from './tools.mjs';

/**
 * The environment that a sanitized addon needs. Reports go to files, so that those of child
 * processes are not overlooked.
 */
function sanitizerEnv(reports) {
  const { stdout } = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  if (!stdout || !path.isAbsolute(stdout.trim())) throw new CommandError('gcc has no libasan.so');
  const common = `halt_on_error=1:log_path=${path.join(reports, 'report')}`;
  return {
    LD_PRELOAD: stdout.trim(),
    // Tests pass this to their child processes that load the addon (test/helpers/child.ts).
    UVNET_PRELOAD: stdout.trim(),
    ASAN_OPTIONS: `${common}:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1`,
    // The report shows a leak. The exit code stays that of the program, because tests check it.
    LSAN_OPTIONS: `suppressions=${at('scripts/lsan.supp')}:print_suppressions=0:exitcode=0`,
    UBSAN_OPTIONS: `${common}:print_stacktrace=1`,
  };
}

/**
 * Whether our code allocated the leaked memory. Only the frames next to the allocation count: a
 * process that ends with process.exit() leaves V8's own data behind, allocated below any callback.
 */
function leaksOurs(report) {
  return report
    .split(/^(?=(?:Direct|Indirect) leak of )/m)
    .slice(1)
    .some((leak) => /^ {4}#[0-5] .*(uvnet\.node|\/native\/[\w/]+\.(cc|h)\b)/m.test(leak));
}

/**
 * Prints the reports of the sanitizers, and returns one failure for each. Third-party programs that
 * tests start inherit the preloaded runtime, but their leaks are ignored.
 */
function readReports(reports) {
  const failures = [];
  for (const name of readdirSync(reports)) {
    const text = readFileSync(path.join(reports, name), 'utf8');
    const isLeak = text.includes('LeakSanitizer: detected memory leaks');
    if (isLeak && !leaksOurs(text)) continue;
    console.log(text);
    failures.push(`sanitizer: ${/(ERROR|runtime error): .*/.exec(text)?.[0] ?? name}`);
  }
  return failures;
}

/** In CI a missing program is a failure (test/helpers/needs.ts has the other half). */
const allRequired = process.env.UVNET_TEST_ALL === '1';

/** The type check of the tests, and of lib/ with them; alone, lib/ is checked when dist/ is made. */
export function testTypes() {
  runModule('typescript/bin/tsc', ['-p', 'tsconfig.test.json']);
  return { passed: 1, failures: [] };
}

/** The C++ unit tests, which need no Node. */
export function testNative({ flavour = 'debug' } = {}) {
  if (process.platform === 'win32') {
    const why = 'left out: the C++ unit tests use headers that Windows lacks';
    return { passed: 0, failures: [], skipped: nativeTests().map(() => why) };
  }
  if (!hasCommand('cmake') && !allRequired) {
    return {
      passed: 0,
      failures: [],
      skipped: nativeTests().map(() => 'needs cmake: apt-get install cmake'),
    };
  }
  const folder = configure(flavour);
  build(folder, 'native_tests');
  return runNativeTests(folder);
}

/** The duration of the last run of each test file, in milliseconds, by which runs are divided. */
const durationsFile = at('.cache/test-durations.json');
const readDurations = () => (existsSync(durationsFile) ? readJson(durationsFile) : {});

function noteDurations(testResults) {
  const durations = readDurations();
  for (const { name, startTime, endTime } of testResults) {
    durations[path.relative(root, name)] = endTime - startTime;
  }
  mkdirSync(path.dirname(durationsFile), { recursive: true });
  writeFileSync(durationsFile, JSON.stringify(durations, null, 1));
}

/** Adds the report of a jest process, and how the process ended, to the result. */
function addReport(result, report, { status, signal }) {
  const crash = status === 0 ? undefined : `jest: ${signal ?? `exit code ${status}`}`;
  let explained = false;
  try {
    const json = readJson(report);
    const { passed, ...lists } = readReport(json);
    result.passed += passed;
    for (const [name, lines] of Object.entries(lists)) result[name].push(...lines);
    explained = lists.failures.length + lists.apart.length > 0;
    noteDurations(json.testResults);
  } catch (error) {
    result.failures.push(`jest ended without its report: ${crash ?? error.message}`);
    return;
  }
  // A crash can come after the last test passed.
  if (crash && (signal || !explained)) result.failures.push(crash);
}

/** jest on a Node binary and an addon: a flavour or a file (default: this Node, the release build). */
export async function testJest({
  node = process.execPath,
  flavour,
  binding,
  jestArguments = [],
} = {}) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'uvnet-test-'));
  const sanitizerReports = path.join(scratch, 'sanitizers');
  mkdirSync(sanitizerReports);
  // Some tests run children as another user, who must be able to report as well.
  chmodSync(scratch, 0o755);
  chmodSync(sanitizerReports, 0o1777);
  const env = { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
  const options = ['--json'];
  let shards = 1;
  if (binding !== undefined) env.UVNET_BINDING = binding;
  if (flavour !== undefined) {
    build(configure(flavour), 'uvnet');
    env.UVNET_BINDING = addonOf(flavour);
    // node:net does not depend on the build, and was tested with the release build.
    env.UVNET_TEST_REFERENCE = '0';
  }
  if (flavour === 'asan') {
    Object.assign(env, sanitizerEnv(sanitizerReports));
    // Workers are killed at their end. In separate processes, the leak check sees all leaks of the
    // tests.
    options.push('--runInBand', '--passWithNoTests');
    // Tests that pack, install and check types do not run the sanitized code.
    options.push('--testPathIgnorePatterns', '/test/(package|types)/');
    shards = availableParallelism();
    env.UVNET_TEST_DURATIONS = JSON.stringify(readDurations());
  }
  const jest = at('node_modules/jest/bin/jest.js');
  console.log(`$ ${['jest', ...options, ...jestArguments].join(' ')}`);
  const result = { passed: 0, failures: [], skipped: [], apart: [] };
  await inParallel(
    Array.from({ length: shards }, (_, index) => index + 1),
    async (shard) => {
      const report = path.join(scratch, `jest-${shard}.json`);
      const own = [`--outputFile=${report}`, ...(shards > 1 ? [`--shard=${shard}/${shards}`] : [])];
      // jest prints the JSON report to stdout as well as to the file; what people read is on stderr.
      const ended = await capture(node, [jest, ...options, ...own, ...jestArguments], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      addReport(result, report, ended);
    },
  );
  result.failures.push(...readReports(sanitizerReports));
  rmSync(scratch, { recursive: true, force: true });
  return result;
}

/**
 * Runs parts, each given as [name, function], and prints failures and skipped cases. The last line
 * has the totals, "N passed, N failed", with ", N skipped" if something is missing. The exit code
 * becomes 1 if a test failed.
 */
export async function runParts(parts) {
  const results = [];
  for (const [name, body] of parts) {
    console.log(`\n== ${name} ==`);
    try {
      results.push({ name, ...(await body()) });
    } catch (error) {
      console.error(error instanceof CommandError ? `error: ${error.message}` : error);
      results.push({ name, passed: 0, failures: [error.message] });
    }
  }
  console.log('');
  const width = Math.max(...results.map(({ name }) => name.length)) + 2;
  for (const { name, passed, failures } of results) {
    console.log(`${name.padEnd(width)}${passed} passed, ${failures.length} failed`);
  }
  for (const { name, failures } of results) {
    for (const failure of failures) console.log(`FAILED ${name}: ${failure}`);
  }
  for (const each of results.flatMap(({ apart = [] }) => apart)) {
    console.log(`fails on node:net: ${each}`);
  }
  const skipped = results.flatMap((result) => result.skipped ?? []);
  for (const reason of new Set(skipped)) {
    const count = skipped.filter((each) => each === reason).length;
    console.log(`skipped ${count}: ${reason}`);
  }
  const passed = results.reduce((total, result) => total + result.passed, 0);
  const failed = results.reduce((total, result) => total + result.failures.length, 0);
  const rest = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  console.log(`${passed} passed, ${failed} failed${rest}`);
  if (failed > 0) process.exitCode = 1;
}
