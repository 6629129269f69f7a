#!/usr/bin/env node
// Fetches the programs with which the package is tested: every supported Node, Bun, Deno and
// package managers.
import { parseArgs } from 'node:util';
import { fetchOthers, nodeHome, supported } from './lib/nodes.mjs';
import { inParallel, main } from './lib/tools.mjs';

const help = `Usage: node scripts/runtimes.mjs

Fetches Node ${supported.join(', ')}, Bun, Deno, pnpm and yarn from npm into .cache, unless they are there already.
Tests in test/package are skipped if they need a missing one.

  --help   this text
`;

main(async () => {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    console.log(help);
    return;
  }
  const others = () => fetchOthers();
  await inParallel([...supported.map((version) => () => nodeHome(version)), others], (fetch) =>
    fetch(),
  );
});
