#!/usr/bin/env node
// Line coverage of lib/ (jest) and of native/ (gcovr) by all the tests.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runParts, testJest, testNative } from './lib/test-parts.mjs';
import { at, CommandError, hasCommand, listFiles, main, root, run } from './lib/tools.mjs';

const help = `Usage: node scripts/coverage.mjs [options] [-- jest arguments]

Runs the C++ unit tests and jest on a build with coverage counters, and prints the line coverage of
each file. Details: coverage/lcov-report/index.html for lib/, coverage/native/index.html for native/.
Needs gcovr, Debian's package of that name.

  --help   this text
`;

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (!hasCommand('gcovr')) throw new CommandError('gcovr is missing: apt-get install gcovr');
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  for (const file of listFiles([at('build-coverage')])) {
    if (file.endsWith('.gcda')) rmSync(file);
  }
  mkdirSync(at('coverage/native'), { recursive: true });
  const jestArguments = ['--coverage', ...positionals];
  await runParts([
    ['native', () => testNative({ flavour: 'coverage' })],
    ['jest', () => testJest({ flavour: 'coverage', jestArguments })],
  ]);

  console.log(readFileSync(at('coverage/lib.txt'), 'utf8'));
  const html = at('coverage/native/index.html');
  const reports = ['--txt', '--html-details', html];
  run('gcovr', ['--root', root, '--filter', 'native/', ...reports, at('build-coverage')]);
});
