#!/usr/bin/env node
// Line coverage of lib/ (jest) and of native/ (gcov) by all the tests.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runParts, testJest, testNative } from './lib/test-parts.mjs';
import { at, CommandError, listFiles, main, readJson, root, run } from './lib/tools.mjs';

const help = `Usage: node scripts/coverage.mjs [options] [-- jest arguments]

Runs the C++ unit tests and jest on a build with coverage counters, and prints the line coverage of
each file. Details: coverage/lcov-report/index.html for lib/, coverage/native.json for native/.

  --help   this text
`;

/** Sums the counters of all runs: for each file of native/, a map from line to hits. */
function nativeCounters() {
  const files = new Map();
  const counters = listFiles([at('build-coverage/CMakeFiles')]).filter((file) =>
    file.endsWith('.gcda'),
  );
  for (const counter of counters) {
    const { status, stdout, stderr } = spawnSync('gcov', ['--json-format', '--stdout', counter], {
      cwd: at('build-coverage'),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new CommandError(`gcov ${counter}: ${stderr}`);
    for (const document of stdout.split('\n').filter(Boolean)) {
      for (const { file, lines } of JSON.parse(document).files) {
        const name = path.relative(root, path.resolve(at('build-coverage'), file));
        if (!name.startsWith('native/')) continue;
        const hits = files.get(name) ?? new Map();
        files.set(name, hits);
        for (const { line_number: line, count } of lines) {
          hits.set(line, (hits.get(line) ?? 0) + count);
        }
      }
    }
  }
  return files;
}

function row(name, covered, lines, missing = []) {
  const percent = lines === 0 ? 100 : (100 * covered) / lines;
  const shown = missing.length > 12 ? [...missing.slice(0, 12), '…'] : missing;
  console.log(`${percent.toFixed(1).padStart(6)} %  ${name.padEnd(40)} ${shown.join(' ')}`);
}

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  for (const file of listFiles([at('build-coverage')])) {
    if (file.endsWith('.gcda')) rmSync(file);
  }
  mkdirSync(at('coverage'), { recursive: true });
  const reporters = ['json-summary', 'lcov'].map((name) => `--coverageReporters=${name}`);
  const jestArguments = ['--coverage', ...reporters, ...positionals];
  await runParts([
    ['native', () => testNative({ flavour: 'coverage' })],
    ['jest', () => testJest({ flavour: 'coverage', jestArguments })],
  ]);

  console.log('\nLine coverage (and lines that no test ran)');
  const { total, ...scripts } = readJson(at('coverage/coverage-summary.json'));
  for (const [file, { lines }] of Object.entries(scripts)) {
    row(path.relative(root, file), lines.covered, lines.total);
  }
  row('lib/ in all', total.lines.covered, total.lines.total);
  const native = [...nativeCounters()].sort(([a], [b]) => (a < b ? -1 : 1));
  const all = { covered: 0, lines: 0 };
  for (const [name, hits] of native) {
    const missing = [...hits].filter(([, count]) => count === 0).map(([line]) => line);
    row(
      name,
      hits.size - missing.length,
      hits.size,
      missing.sort((a, b) => a - b),
    );
    all.covered += hits.size - missing.length;
    all.lines += hits.size;
  }
  row('native/ in all', all.covered, all.lines);
  const details = native.map(([name, hits]) => [name, Object.fromEntries(hits)]);
  writeFileSync(at('coverage/native.json'), JSON.stringify(Object.fromEntries(details), null, 1));
});
