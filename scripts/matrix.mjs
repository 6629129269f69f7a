#!/usr/bin/env node
// Runs jest on every supported Node, all on the one release build of the addon.
import { parseArgs } from 'node:util';
import { nodeProgram, supported } from './lib/nodes.mjs';
import { runParts, testJest } from './lib/test-parts.mjs';
import { at, main, output, run } from './lib/tools.mjs';

const help = `Usage: node scripts/matrix.mjs [--node VERSION]... [options] [-- jest arguments]

  --node VERSION   a major version (default: ${supported.join(', ')}); may be given more than once
  --flavour NAME   use a development build of the addon: debug, asan or coverage
  --fresh          fetch the newest release of each version, even if .cache/nodes has one
  --help           this text
`;

main(async () => {
  const { values, positionals: jestArguments } = parseArgs({
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
  const { flavour, fresh } = values;
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  const binaries = [];
  for (const version of values.node) {
    binaries.push(await nodeProgram(version, { fresh }));
  }
  await runParts(
    binaries.map((node) => {
      const version = output(node, ['--version']).trim();
      return [`Node ${version}`, () => testJest({ node, flavour, jestArguments })];
    }),
  );
});
