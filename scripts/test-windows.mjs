#!/usr/bin/env node
// Runs the tests on Windows' Node under Wine, against node:net in the same Wine.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { crossBuild } from './lib/cross-build.mjs';
import { crossTargets } from './lib/cross-targets.mjs';
import { nodeHome } from './lib/nodes.mjs';
import { at, CommandError, inParallel, listFiles, main, root, run } from './lib/tools.mjs';
import { leftOut, leftOutFiles } from './lib/windows-left-out.mjs';
import { testFile } from './lib/windows-tests.mjs';
import { prepareWine, stopWine } from './lib/wine.mjs';

/** Wine 8 cannot run Node 24 and 26: V8 reserves its tables in a way that it does not know. */
const versions = ['20', '22'];
const folders = ['unit', 'net', 'uvnet', 'lean', 'process'];

const help = `Usage: node scripts/test-windows.mjs [options] [test files]

Builds the win32-x64 binary with mingw-w64 and runs the tests on it under Wine: ${folders.join(', ')} of
test/. A case that also fails on node:net in the same Wine is reported separately and does not count as failed.
The last line is "N passed, N failed". The exit code is 1 if a test failed.

  --node N      ${versions.join(' or ')} (default: both)
  --only NAME   only this folder of test/; may be given more than once
  --jobs N      how many files run at the same time (default: 2)
  --reasons     print the tests that are skipped on Windows, and why
  --help        this text

Needs Debian's wine64 and g++-mingw-w64-x86-64-posix.
`;

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

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      node: { type: 'string', multiple: true, default: versions },
      only: { type: 'string', multiple: true, default: folders },
      jobs: { type: 'string', default: '2' },
      reasons: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (values.reasons) {
    for (const { what, why } of [...leftOutFiles, ...leftOut]) console.log(`${what}: ${why}`);
    return;
  }
  const unknown = values.node.find((version) => !versions.includes(version));
  if (unknown) throw new CommandError(`--node ${unknown}: not one of ${versions.join(', ')}`);
  const files = positionals.length
    ? positionals.map((file) => path.relative(root, path.resolve(file)))
    : listFiles(values.only.map((folder) => at('test', folder)))
        .filter((file) => file.endsWith('.test.ts'))
        .map((file) => path.relative(root, file))
        .filter((file) => !leftOutFiles.some(({ what }) => what === file));
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  const binary = await crossBuild('win32-x64', crossTargets['win32-x64']);
  await prepareWine();
  mkdirSync(at('.cache/wine'), { recursive: true });
  const scratch = mkdtempSync(at('.cache/wine/run-'));
  const all = [];
  try {
    for (const version of values.node) {
      const home = await nodeHome(version, { platform: 'win32', arch: 'x64' });
      const node = path.join(home, 'bin/node.exe');
      const patterns = leftOut.map(({ what }) => what);
      const results = await inParallel(
        files,
        async (file) => {
          const started = Date.now();
          const result = await testFile(node, file, { scratch, binary, leftOut: patterns });
          report(version, result, started);
          return result;
        },
        Number(values.jobs),
      );
      all.push([version, results]);
    }
  } finally {
    stopWine();
    rmSync(scratch, { recursive: true, force: true });
  }
  printTable(all);
  const results = all.flatMap(([, each]) => each);
  const failed = sum(results, columns.failed);
  console.log(`${sum(results, columns.passed)} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
