#!/usr/bin/env node
// Runs the tests on Linux' Node for arm64 under qemu, against node:net under the same qemu.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { leftOut, leftOutFiles } from './lib/arm64-left-out.mjs';
import { isOutdated } from './lib/binary-version.mjs';
import { emulatedNode, emulatorGaps, emulatorHome, hasEmulator } from './lib/emulator.mjs';
import { foreignOptions } from './lib/foreign-options.mjs';
import { runForeignTests } from './lib/foreign-run.mjs';
import { fetchResolver } from './lib/nodes.mjs';
import { at, CommandError, main, root, run } from './lib/tools.mjs';

const modules = path.join(emulatorHome, 'modules/node_modules');

main(async () => {
  const options = foreignOptions('test-arm64.mjs', {
    about:
      "Builds the linux-arm64 binary by Debian's cross compiler and runs the tests on it under qemu.",
    pick: { name: 'node', argument: 'N', values: ['20', '24'] },
    minutes: 300,
    reasons: [...leftOutFiles, ...leftOut],
    needs:
      "Needs Debian's qemu-user-static and g++-aarch64-linux-gnu. It takes ten times as long as npm test.",
  });
  if (!options) return;
  if (!hasEmulator()) {
    throw new CommandError(
      'qemu is missing: apt-get install qemu-user-static g++-aarch64-linux-gnu',
    );
  }
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  const binary = at('prebuilds/linux-arm64/node.napi.glibc.node');
  if (isOutdated(binary)) {
    run(process.execPath, [at('scripts/prebuild.mjs'), '--target', 'linux-arm64'], { quiet: true });
  }
  await fetchResolver('linux-arm64-gnu', modules);
  const gaps = emulatorGaps();
  const cases = leftOut.filter(({ gap }) => gap === undefined || gaps.includes(gap));
  console.log(`qemu lacks ${gaps.join(', ') || 'nothing'}`);
  await runForeignTests({
    ...options,
    leftOutFiles,
    home: emulatorHome,
    runnerOf: async (version) => {
      const node = await emulatedNode(version);
      const env = {
        ...process.env,
        NODE_PATH: modules,
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
