#!/usr/bin/env node
// Tries a tarball on the Node and the system that run this. It needs no development dependencies.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { tryTarball } from './lib/tarball-use.mjs';
import { CommandError, main } from './lib/tools.mjs';

const help = `Usage: node scripts/try-tarball.mjs FILE

Installs the tarball into an empty project, offline and without scripts, and runs a program there that sends a
megabyte through a server of each kind. It fails where the prebuilt binary is not in use.

  --help   this text
`;

main(() => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (positionals.length !== 1) throw new CommandError('give one tarball');
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-tarball-'));
  try {
    console.log(tryTarball(positionals[0], path.join(folder, 'project')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
