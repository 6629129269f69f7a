// What the package carries besides the repository's own files.
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { at, CommandError, isStale, run } from './tools.mjs';

/**
 * What `uvnet build` compiles by and against. The package has no dependencies that would bring the
 * headers, and no binding.gyp in its root: npm and pnpm would take it for one that is to be compiled
 * at each install.
 */
export function stageBuild(native = at('native')) {
  // A copy as old as its original makes no binary look out of date.
  const copy = (from, to) => cpSync(from, to, { preserveTimestamps: true });
  copy(at('binding.gyp'), `${native}/binding.gyp`);
  for (const name of ['napi.h', 'napi-inl.h', 'LICENSE.md']) {
    copy(at('node_modules/node-addon-api', name), `${native}/vendor/${name}`);
  }
}

/**
 * Sees to a binary for this system that is as new as the sources. The package is of use without one,
 * so that a missing compiler costs a line of advice.
 */
export function stageBinary() {
  const folder = at('prebuilds', `${process.platform}-${process.arch}`);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const sources = [at('native'), at('binding.gyp')];
  if (names.length > 0 && names.every((name) => !isStale(`${folder}/${name}`, sources))) return;
  try {
    run(process.execPath, [at('scripts/prebuild.mjs')], { quiet: true });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.warn(
      'uvnet: no binary for this system was built, and without one uvnet is node:net: install python3, make and a C++17 compiler, then run npx uvnet build',
    );
  }
}
