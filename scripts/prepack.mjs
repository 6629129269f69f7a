#!/usr/bin/env node
// Before `npm pack` and `npm publish`: everything that the tarball carries besides the repository.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { buildDist } from './lib/bundle.mjs';
import { at, main } from './lib/tools.mjs';

/**
 * What `uvnet build` compiles by and against. The package has no dependencies that would bring the
 * headers, and no binding.gyp in its root: npm and pnpm would take it for one that is to be compiled
 * at each install.
 */
function stageBuild(native = at('native')) {
  copyFileSync(at('binding.gyp'), `${native}/binding.gyp`);
  mkdirSync(`${native}/vendor`, { recursive: true });
  for (const name of ['napi.h', 'napi-inl.h', 'LICENSE.md']) {
    copyFileSync(at('node_modules/node-addon-api', name), `${native}/vendor/${name}`);
  }
}

main(async () => {
  await buildDist({ clean: true });
  stageBuild();
  if (!existsSync(at('prebuilds'))) {
    console.warn('warning: no prebuilds/: the tarball will have no binary (npm run prebuilds)');
  }
});
