#!/usr/bin/env node
// Before `npm pack` and `npm publish`: everything that the tarball carries besides the repository.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { buildDist } from './lib/bundle.mjs';
import { at, main } from './lib/tools.mjs';

/** What `uvnet build` compiles against: the package has no dependencies that would bring it. */
export function vendorHeaders(folder = at('native/vendor')) {
  mkdirSync(folder, { recursive: true });
  for (const name of ['napi.h', 'napi-inl.h', 'LICENSE.md']) {
    copyFileSync(at('node_modules/node-addon-api', name), `${folder}/${name}`);
  }
}

main(() => {
  buildDist({ clean: true });
  vendorHeaders();
  if (!existsSync(at('prebuilds'))) {
    console.warn('warning: no prebuilds/: the tarball will have no binary (npm run prebuilds)');
  }
});
