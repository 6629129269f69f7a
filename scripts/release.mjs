#!/usr/bin/env node
// Everything that a release does before it is published, from the version numbers to a program that uses
// the installed tarball. The release workflow runs it as well, and publishes the tarball that it leaves.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { emulatedNode, hasEmulator } from './lib/emulator.mjs';
import { nodeProgram, supported } from './lib/nodes.mjs';
import { checkRepository, checkVersions } from './lib/release-checks.mjs';
import { Steps } from './lib/steps.mjs';
import { checkBinaries, checkTypes, lintPackage, pack } from './lib/tarball.mjs';
import { tryTarball } from './lib/tarball-use.mjs';
import { at, main, readJson, run } from './lib/tools.mjs';

const help = `Usage: node scripts/release.mjs [options]

Checks the versions, the changelog and the repository, builds the binaries of all platforms and checks them, packs, checks
the tarball by publint and attw, installs it into empty projects on Node ${supported.join(', ')} and uses it there. On
success it makes the tag; pushing that has the release workflow publish.

  --dry-run         makes no tag; takes a changelog that still says "Unreleased", and a package without "repository"
  --tag NAME        makes no tag: this one is there already, and has to be that of the version
  --keep-prebuilds  packs the binaries that are in prebuilds/, and builds none
  --output FOLDER   leaves the tarball there
  --help            this text

The compilers are those that "npm run prebuilds -- --help" names. The checks need Debian's packages llvm and
binutils-mingw-w64-x86-64, and Linux on x64.
`;

/** Each Node of this system, and those of arm64 that qemu can run here. */
async function* nodes() {
  for (const line of supported) {
    yield [`Node ${line}`, { node: await nodeProgram(line) }];
  }
  if (!hasEmulator()) return;
  for (const line of ['20', '24']) {
    // npm itself need not be emulated.
    const options = { node: await emulatedNode(line), npmNode: process.execPath };
    yield [`Node ${line}, linux-arm64 under qemu`, options];
  }
}

async function checkTarball(steps, tarball, folder) {
  await steps.run('publint', () => lintPackage(tarball));
  await steps.run('attw', () => checkTypes(tarball));
  for await (const [name, options] of nodes()) {
    const project = path.join(folder, name.replace(/\W+/g, '-'));
    await steps.run(name, () => tryTarball(tarball, project, options));
  }
}

/** The steps, in their order. After one that failed, the long ones that follow would say nothing. */
async function release(steps, folder, { dryRun, tag, keep, outputFolder }) {
  const manifest = readJson(at('package.json'));
  const { version } = manifest;
  await steps.run('versions', () => checkVersions({ version, dryRun, tag }));
  await steps.run('repository', () => checkRepository({ manifest, dryRun }));
  if (steps.failed) return;
  if (!keep) {
    await steps.run('prebuilds', () => {
      run(process.execPath, [at('scripts/prebuild.mjs'), '--all']);
      return 'built';
    });
    if (steps.failed) return;
  }
  await steps.run('binaries', checkBinaries);
  if (steps.failed) return;
  const packed = await steps.run('pack', () => pack(folder));
  if (!packed) return;
  await checkTarball(steps, packed.tarball, folder);
  if (steps.failed) return;
  if (outputFolder) {
    mkdirSync(outputFolder, { recursive: true });
    const file = path.join(outputFolder, path.basename(packed.tarball));
    copyFileSync(packed.tarball, file);
    console.log(`left: ${file}`);
  }
  if (dryRun || tag) return;
  const name = `v${version}`;
  await steps.run('tag', () => {
    run('git', ['tag', '-a', name, '-m', name]);
    return `now: git push origin ${name}`;
  });
}

main(async () => {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean' },
      tag: { type: 'string' },
      'keep-prebuilds': { type: 'boolean' },
      output: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-release-'));
  const steps = new Steps();
  try {
    await release(steps, folder, {
      dryRun: values['dry-run'],
      tag: values.tag,
      keep: values['keep-prebuilds'],
      outputFolder: values.output,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  steps.print();
  if (steps.failed) process.exitCode = 1;
});
