#!/usr/bin/env node
// Runs the tests, part by part, and ends with one line that sums them all.
import { parseArgs } from 'node:util';
import { ownBinary, pathOf } from './lib/binaries.mjs';
import { runParts, testJest, testNative, testTypes } from './lib/test-parts.mjs';
import { at, CommandError, main, run } from './lib/tools.mjs';

const help = `Usage: node scripts/test.mjs [options] [-- jest arguments]

Installs and builds missing parts, then runs the type check, the C++ unit tests and jest.
The last line is "N passed, N failed". The exit code is 1 if a test failed.

  --only PART      types, native or jest; may be given more than once
  --flavour NAME   use a development build of the addon: debug, asan or coverage
                   (default: the release build, with a debug build for the C++ unit tests);
                   skips the type check, which does not depend on it
  --node PATH      run jest with this Node binary
  --prebuilt       run jest on the binary in prebuilds/ for this system, and build none
  --help           this text
`;

main(async () => {
  const { values, positionals: jestArguments } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      flavour: { type: 'string' },
      node: { type: 'string' },
      prebuilt: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const { flavour, node, prebuilt } = values;
  if (prebuilt && !ownBinary) throw new CommandError('--prebuilt: there is none for this system');
  const binding = prebuilt ? pathOf(ownBinary) : undefined;
  const parts = {
    types: testTypes,
    native: () => testNative({ flavour }),
    jest: () => testJest({ node, flavour, binding, jestArguments }),
  };
  const chosen = values.only ?? (flavour === undefined ? Object.keys(parts) : ['native', 'jest']);
  const unknown = chosen.find((name) => !Object.hasOwn(parts, name));
  if (unknown) {
    throw new CommandError(`--only ${unknown}: not one of ${Object.keys(parts).join(', ')}`);
  }
  const what = prebuilt ? ['--ts'] : [];
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed', ...what], { quiet: true });
  await runParts(chosen.map((name) => [name, parts[name]]));
});
