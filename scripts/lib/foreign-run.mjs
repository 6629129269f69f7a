// A whole run on Nodes of another platform: which files, a line for each, and a table at the end.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { testFile } from './foreign-tests.mjs';
import { at, inParallel, listFiles, root } from './tools.mjs';

/** One line for a file, and one for each case that failed in it. */
function report(version, { file, passed, failures, failedInControl }, started) {
  const seconds = Math.round((Date.now() - started) / 1000);
  const apart = failedInControl.length ? `, ${failedInControl.length} failed on node:net too` : '';
  const verdict = failures.length ? 'FAIL' : 'ok  ';
  const counts = `${passed} passed, ${failures.length} failed${apart}`;
  console.log(`${verdict} Node ${version} ${file}: ${counts} (${seconds} s)`);
  for (const { name, error = '' } of failures) {
    const lines = error.split('\n').filter((line) => line.trim() !== '');
    console.log(
      `     ${name}\n${lines
        .slice(0, 8)
        .map((line) => `       ${line}\n`)
        .join('')}`,
    );
  }
}

const sum = (results, count) => results.reduce((total, result) => total + count(result), 0);

const columns = {
  passed: (result) => result.passed,
  failed: (result) => result.failures.length,
  'failed on node:net too': (result) => result.failedInControl.length,
  'cases of node:net': (result) => result.controls,
  'left out': (result) => result.leftOut,
  skipped: (result) => result.skipped,
};

function printTable(all) {
  const names = Object.keys(columns);
  console.log(`\n${['Node', 'files', ...names].join('  ')}`);
  for (const [version, results] of all) {
    const cells = names.map((name) => String(sum(results, columns[name])).padStart(name.length));
    console.log([version.padEnd(4), String(results.length).padStart(5), ...cells].join('  '));
  }
}

/** The test files that were asked for, or all of these folders of test/ but those left out. */
function findFiles(asked, folders, leftOutFiles) {
  if (asked.length > 0) return asked.map((file) => path.relative(root, path.resolve(file)));
  return listFiles(folders.map((folder) => at('test', folder)))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => path.relative(root, file))
    .filter(
      (file) => !leftOutFiles.some(({ what }) => file === what || file.startsWith(`${what}/`)),
    );
}

/**
 * Runs the tests on each of the versions, and prints what came of it; the exit code becomes 1 when something
 * failed. Each of the `jobs` has a runner (foreign-tests.mjs), which `runnerOf(version, job)` answers. A file that
 * has not run after `minutes` counts as failed.
 */
export async function runForeignTests({
  versions,
  asked,
  folders,
  leftOutFiles,
  jobs,
  minutes,
  home,
  runnerOf,
}) {
  const deadline = Date.now() + minutes * 60_000;
  const files = findFiles(asked, folders, leftOutFiles);
  mkdirSync(home, { recursive: true });
  const scratch = mkdtempSync(path.join(home, 'run-'));
  const all = [];
  try {
    for (const version of versions) {
      const runners = [];
      for (let job = 0; job < jobs; job += 1) runners.push(await runnerOf(version, job));
      const results = await inParallel(
        files,
        async (file) => {
          const started = Date.now();
          const runner = runners.pop();
          const result = await testFile(runner, file, { scratch, deadline });
          runners.push(runner);
          report(version, result, started);
          return result;
        },
        jobs,
      );
      all.push([version, results]);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  printTable(all);
  const results = all.flatMap(([, each]) => each);
  const failed = sum(results, columns.failed);
  console.log(`${sum(results, columns.passed)} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
