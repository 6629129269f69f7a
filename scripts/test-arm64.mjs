#!/usr/bin/env node
// Runs the tests on Linux' Node for arm64 under qemu, against node:net under the same qemu.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { leftOut, leftOutFiles } from './lib/arm64-left-out.mjs';
import { emulatedNode, emulatorGaps, emulatorHome, hasEmulator } from './lib/emulator.mjs';
import { runForeignTests } from './lib/foreign-run.mjs';
import { fetchForeign } from './lib/nodes.mjs';
import { at, CommandError, isStale, main, readJson, root, run } from './lib/tools.mjs';

const versions = ['20', '24'];
const folders = ['unit', 'net', 'uvnet', 'lean', 'process'];

const help = `Usage: node scripts/test-arm64.mjs [options] [test files]

Builds the linux-arm64 binary by Debian's cross compiler and runs the tests on it under qemu:
${folders.join(', ')} of test/. A case that fails on node:net under the same qemu is reported apart and does
not count as failed. The last line is "N passed, N failed"; the exit code is 1 when something failed.

  --node N      ${versions.join(' or ')} (default: both)
  --only NAME   only this folder of test/; may be given more than once
  --jobs N      how many files at a time (default: 2)
  --minutes N   end after N minutes; what has not run then has failed (default: 300)
  --reasons     print what is left out under qemu, and why
  --help        this text

Needs Debian's qemu-user-static and g++-aarch64-linux-gnu. It takes ten times as long as npm test.
`;

/** The resolver that jest loads: of its binaries npm installs that of this system alone. */
async function fetchResolver() {
  const { version } = readJson(at('node_modules/unrs-resolver/package.json'));
  const name = '@unrs/resolver-binding-linux-arm64-gnu';
  const folder = path.join(emulatorHome, 'modules/node_modules', name);
  await fetchForeign(`${name}@${version}`, folder, 'resolver.linux-arm64-gnu.node');
}

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      node: { type: 'string', multiple: true, default: versions },
      only: { type: 'string', multiple: true, default: folders },
      jobs: { type: 'string', default: '2' },
      minutes: { type: 'string', default: '300' },
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
  if (!hasEmulator()) {
    throw new CommandError(
      'qemu is missing: apt-get install qemu-user-static g++-aarch64-linux-gnu',
    );
  }
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  const binary = at('prebuilds/linux-arm64/node.napi.glibc.node');
  if (isStale(binary, [at('native'), at('binding.gyp')])) {
    run(process.execPath, [at('scripts/prebuild.mjs'), '--target', 'linux-arm64'], { quiet: true });
  }
  await fetchResolver();
  const gaps = emulatorGaps();
  const cases = leftOut.filter(({ gap }) => gap === undefined || gaps.includes(gap));
  console.log(`qemu lacks ${gaps.join(', ') || 'nothing'}`);
  await runForeignTests({
    versions: values.node,
    asked: positionals,
    folders: values.only,
    leftOutFiles,
    jobs: Number(values.jobs),
    minutes: Number(values.minutes),
    home: emulatorHome,
    runnerOf: async (version) => {
      const node = await emulatedNode(version);
      const env = {
        ...process.env,
        NODE_PATH: path.join(emulatorHome, 'modules/node_modules'),
        // As many as end within the patience.
        UVNET_FUZZ_ROUNDS: '500',
      };
      return {
        start: (args, { env: more, stdio }) =>
          spawn(node, args, { cwd: root, env: { ...env, ...more }, stdio }),
        pathOf: (file) => file,
        cache: path.join(emulatorHome, 'jest'),
        binary,
        leftOut: cases,
        patience: 4,
      };
    },
  });
});
