#!/usr/bin/env node
// Runs the tests on Windows' Node under Wine, against node:net in the same Wine.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { crossBuild } from './lib/cross-build.mjs';
import { crossTargets } from './lib/cross-targets.mjs';
import { runForeignTests } from './lib/foreign-run.mjs';
import { nodeHome } from './lib/nodes.mjs';
import { at, CommandError, main, run } from './lib/tools.mjs';
import { findGaps } from './lib/wine-gaps.mjs';
import { leftOut, leftOutFiles } from './lib/windows-left-out.mjs';
import { shortSelection } from './lib/windows-short.mjs';
import { prepareWine, windowsPath, WinePrefix } from './lib/wine.mjs';

/** Wine 8 cannot run Node 24 and 26: V8 reserves its tables in a way that it does not know. */
const versions = ['20', '22'];
const folders = ['unit', 'net', 'uvnet', 'lean', 'process'];

const help = `Usage: node scripts/test-windows.mjs [options] [test files]

Builds the win32-x64 binary with mingw-w64 and runs the tests on it under Wine: ${folders.join(', ')} of
test/. A case that also fails on node:net in the same Wine is reported separately and does not count as failed.
The last line is "N passed, N failed". The exit code is 1 if a test failed.

  --node N      ${versions.join(' or ')} (default: both)
  --only NAME   only this folder of test/; may be given more than once
  --short       only a few files, for a few minutes (scripts/lib/windows-short.mjs)
  --jobs N      how many files run at the same time (default: 2)
  --minutes N   end after N minutes; files that have not run by then have failed (default: 120)
  --reasons     print the tests that are skipped on Windows, and why
  --help        this text

Needs Debian's wine64 and g++-mingw-w64-x86-64-posix.
`;

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      node: { type: 'string', multiple: true, default: versions },
      only: { type: 'string', multiple: true, default: folders },
      short: { type: 'boolean' },
      jobs: { type: 'string', default: '2' },
      minutes: { type: 'string', default: '120' },
      reasons: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (values.reasons) {
    for (const { what, why } of leftOutFiles) console.log(`${what}: ${why}`);
    for (const { file, what, why } of leftOut) console.log(`${file}: ${what || 'all'}: ${why}`);
    return;
  }
  const unknown = values.node.find((version) => !versions.includes(version));
  if (unknown) throw new CommandError(`--node ${unknown}: not one of ${versions.join(', ')}`);
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
      versions: values.node,
      asked: values.short ? shortSelection : positionals,
      folders: values.only,
      leftOutFiles,
      jobs: Number(values.jobs),
      minutes: Number(values.minutes),
      home: at('.cache/wine'),
      runnerOf: async (version, job) => {
        const home = await nodeHome(version, { platform: 'win32', arch: 'x64' });
        const node = path.join(home, 'bin/node.exe');
        const prefix = prefixOf(job);
        return {
          start: (args, options) => prefix.start(node, args, options),
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
