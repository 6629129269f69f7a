// Builds the core where the package is, into build/Release, where the loader looks first.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { home } from './package.mjs';

const require = createRequire(import.meta.url);

/** node-gyp's script: an installed one, or the copy that comes with npm. */
function findNodeGyp() {
  try {
    return require.resolve('node-gyp/bin/node-gyp.js');
  } catch {
    // Not installed.
  }
  const bin = dirname(process.execPath);
  const npms = [
    process.env.npm_execpath && resolve(process.env.npm_execpath, '../..'),
    join(bin, '../lib/node_modules/npm'),
    join(bin, 'node_modules/npm'),
    '/usr/share/nodejs/npm',
  ].filter(Boolean);
  return npms
    .map((npm) => join(npm, 'node_modules/node-gyp/bin/node-gyp.js'))
    .find((script) => existsSync(script));
}

/** Returns an exit code. */
export function build() {
  const options = ['rebuild', '--release', '--loglevel=warn', '-C', home];
  // Headers that came with this Node; without them node-gyp downloads them.
  const nodedir = resolve(process.execPath, '../..');
  if (existsSync(join(nodedir, 'include/node/node_api.h'))) options.push(`--nodedir=${nodedir}`);
  const nodeGyp = findNodeGyp();
  const [command, args] = nodeGyp
    ? [process.execPath, [nodeGyp, ...options]]
    : ['npx', ['--yes', 'node-gyp', ...options]];
  const { status, error } = spawnSync(command, args, {
    stdio: 'inherit',
    shell: command === 'npx' && process.platform === 'win32',
  });
  if (error) console.error(`uvnet: ${command}: ${error.message}`);
  if (status !== 0) {
    console.error('uvnet: the build failed; it needs python3, make and a C++17 compiler');
    return 1;
  }
  console.log(`built ${join(home, 'build/Release/uvnet.node')}`);
  return 0;
}
