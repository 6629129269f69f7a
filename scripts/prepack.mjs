#!/usr/bin/env node
// Runs before `npm pack` and `npm publish`, and makes the files of the tarball that are not in the
// repository.
import { parseArgs } from 'node:util';
import { buildDist } from './lib/bundle.mjs';
import { requireBinaries, stageBinary, stageBuild } from './lib/package-contents.mjs';
import { main } from './lib/tools.mjs';

const help = `Usage: node scripts/prepack.mjs

npm runs this before "npm pack" and "npm publish". It rebuilds dist/, copies
the files for "uvnet build" into native/, and builds a binary for this system if
prebuilds/ has none.

With UVNET_GIVEN_BINARIES=1, as a release sets it, prebuilds/ must have the binaries
of all systems, and none is built.

  --help   this text
`;

main(async () => {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    console.log(help);
    return;
  }
  const given = process.env.UVNET_GIVEN_BINARIES === '1';
  if (given) requireBinaries();
  await buildDist();
  stageBuild();
  if (!given) stageBinary();
});
