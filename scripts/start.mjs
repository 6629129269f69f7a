#!/usr/bin/env node
// Installs and builds missing parts, then runs the quick start.
import { at, main, run } from './lib/tools.mjs';

main(() => {
  const options = process.argv.slice(2);
  if (!options.includes('--help')) {
    run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  }
  run(process.execPath, [at('scripts/quickstart/main.mjs'), ...options], { quiet: true });
});
