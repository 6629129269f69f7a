#!/usr/bin/env node
// Runs before `npm pack` and `npm publish`, and makes the files of the tarball that are not in the
// repository.
import { parseArgs } from 'node:util';
import { buildDist } from './lib/bundle.mjs';
import { stageBinary, stageBuild } from './lib/package-contents.mjs';
import { main } from './lib/tools.mjs';

const help = `Usage: node scripts/prepack.mjs

npm runs this before "npm pack" and "npm publish". It rebuilds dist/, copies
the files for "uvnet build" into native/, and builds a binary for this system if
prebuilds/ has none.

  --help   this text
`;

main(async () => {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    console.log(help);
    return;
  }
  await buildDist();
  stageBuild();
  stageBinary();
});
