// Adds generated files to the package.
import { cpSync } from 'node:fs';
import { missingBinaries, outdated, ownBinary } from './binaries.mjs';
import { at, CommandError, run } from './tools.mjs';

/**
 * Copies the files that `uvnet build` needs. The package has no dependencies that would provide the
 * headers, and no binding.gyp in its root, because npm and pnpm would then compile it at each
 * install.
 */
export function stageBuild(native = at('native')) {
  // A copy keeps the time of its original, so that no binary looks outdated.
  const copy = (from, to) => cpSync(from, to, { preserveTimestamps: true });
  copy(at('binding.gyp'), `${native}/binding.gyp`);
  for (const name of ['napi.h', 'napi-inl.h', 'LICENSE.md']) {
    copy(at('node_modules/node-addon-api', name), `${native}/vendor/${name}`);
  }
}

/**
 * Ensures that there is an up-to-date binary for this system. The package also works without one,
 * so a missing compiler only prints advice.
 */
export function stageBinary() {
  if (ownBinary && outdated([ownBinary]).length === 0) return;
  try {
    run(process.execPath, [at('scripts/prebuild.mjs')], { quiet: true });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.warn(
      'uvnet: no binary for this system was built, and without one uvnet is node:net: install python3, make and a C++17 compiler, then run npx uvnet build',
    );
  }
}

/** For a release, whose binaries were built and checked before: none is built here, and none may be missing. */
export function requireBinaries() {
  const missing = missingBinaries().map(({ file }) => file);
  if (missing.length > 0) throw new CommandError(`prebuilds/ lacks ${missing.join(', ')}`);
}
