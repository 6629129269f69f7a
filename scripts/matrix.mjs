#!/usr/bin/env node
// Runs jest on every supported Node, all on the one release build of the addon.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { nodeHome, supported } from './lib/nodes.mjs';
import { at, CommandError, main, root, run } from './lib/tools.mjs';

const help = `Usage: node scripts/matrix.mjs [--node VERSION]... [options] [-- jest arguments]

  --node VERSION   a major version (default: ${supported.join(', ')}); may be given more than once
  --flavour NAME   run on a developers' build of the addon: debug, asan or coverage
  --fresh          fetch the newest release of each line, even if one is in .cache/nodes
  --help           this text
`;

main(() => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      node: { type: 'string', multiple: true, default: supported },
      flavour: { type: 'string' },
      fresh: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  const sums = { passed: 0, failed: 0 };
  const lines = [];
  for (const version of values.node) {
    const node = path.join(nodeHome(version, { fresh: values.fresh }), 'bin/node');
    const shown = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
    console.log(`\n==== Node ${shown} ====`);
    const options = ['--only', 'jest', '--node', node];
    if (values.flavour) options.push('--flavour', values.flavour);
    const { stdout } = spawnSync(
      process.execPath,
      [at('scripts/test.mjs'), ...options, '--', ...positionals],
      { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 },
    );
    process.stdout.write(stdout);
    const counts = /^(\d+) passed, (\d+) failed$/m.exec(stdout.trimEnd().split('\n').at(-1));
    if (!counts) throw new CommandError(`Node ${shown}: the tests ended without a result`);
    sums.passed += Number(counts[1]);
    sums.failed += Number(counts[2]);
    lines.push(`Node ${shown.padEnd(10)} ${counts[0]}`);
  }
  console.log(`\n${lines.join('\n')}\n${sums.passed} passed, ${sums.failed} failed`);
  if (sums.failed) process.exitCode = 1;
});
