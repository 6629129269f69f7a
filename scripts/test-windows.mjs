#!/usr/bin/env node
// Runs the tests on Windows' Node under Wine, against node:net in the same Wine.
import { crossBuild } from './lib/cross-build.mjs';
import { crossTargets } from './lib/cross-targets.mjs';
import { foreignOptions } from './lib/foreign-options.mjs';
import { runForeignTests } from './lib/foreign-run.mjs';
import { nodeProgram } from './lib/nodes.mjs';
import { at, main, run } from './lib/tools.mjs';
import { findGaps } from './lib/wine-gaps.mjs';
import { leftOut, leftOutFiles } from './lib/windows-left-out.mjs';
import { shortSelection } from './lib/windows-short.mjs';
import { prepareWine, windowsPath, WinePrefix } from './lib/wine.mjs';

main(async () => {
  const options = foreignOptions('test-windows.mjs', {
    about: 'Builds the win32-x64 binary with mingw-w64 and runs the tests on it under Wine.',
    // Wine 8 cannot run Node 24 and 26: V8 reserves its tables in a way that it does not know.
    pick: { name: 'node', argument: 'N', values: ['20', '22'] },
    minutes: 120,
    reasons: [...leftOutFiles, ...leftOut],
    needs: "Needs Debian's wine64 and g++-mingw-w64-x86-64-posix.",
    more: {
      short: {
        type: 'boolean',
        help: 'only a few files, for a few minutes (scripts/lib/windows-short.mjs)',
      },
    },
  });
  if (!options) return;
  if (options.short) options.asked = shortSelection;
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  const binary = await crossBuild('win32-x64', crossTargets['win32-x64']);
  await prepareWine();
  const prefixes = [];
  const prefixOf = (job) =>
    (prefixes[job] ??= new WinePrefix(at('.cache/wine', `prefix-${process.pid}-${job}`)));
  try {
    const gaps = await findGaps(prefixOf(0));
    console.log(`gaps of this Wine (scripts/wine/gaps.c): ${[...gaps].join(', ') || 'none'}`);
    const holds = leftOut.filter(({ gap }) => gap === undefined || gaps.has(gap));
    await runForeignTests({
      ...options,
      leftOutFiles,
      home: at('.cache/wine'),
      runnerOf: async (version, job) => {
        const node = await nodeProgram(version, { platform: 'win32', arch: 'x64' });
        const prefix = prefixOf(job);
        return {
          start: (args, more) => prefix.start(node, args, more),
          stop: () => prefix.stop(),
          pathOf: windowsPath,
          cache: at('.cache/wine/jest'),
          binary,
          leftOut: holds,
          // Wine starts a program slowly, and all the more on a busy machine.
          patience: 4,
        };
      },
    });
  } finally {
    for (const prefix of prefixes) prefix.stop();
  }
});
