// Builds the native code in build/Release of the package, which the loader searches first.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { home } from './package.mjs';
import { replaceFile } from './replace-file.mjs';

const require = createRequire(import.meta.url);

/** Finds node-gyp's script: an installed one, or npm's copy. */
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

const BINARY = 'build/Release/uvnet.node';

/** Runs node-gyp on the sources in a folder. Returns whether it succeeded. */
function runNodeGyp(folder) {
  const options = ['rebuild', '--release', '--loglevel=warn', '-C', folder];
  // Uses the headers of this Node. Without them, node-gyp downloads headers.
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
  return status === 0;
}

/**
 * The package has binding.gyp in native/: in its root, it would make npm compile at each install.
 * node-gyp needs it next to native/, so the sources are copied.
 */
function buildAside() {
  const folder = mkdtempSync(join(tmpdir(), 'uvnet-build-'));
  try {
    cpSync(join(home, 'native'), join(folder, 'native'), { recursive: true });
    // For the version.
    copyFileSync(join(home, 'package.json'), join(folder, 'package.json'));
    renameSync(join(folder, 'native/binding.gyp'), join(folder, 'binding.gyp'));
    if (!runNodeGyp(folder)) return false;
    replaceFile(join(folder, BINARY), join(home, BINARY));
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns an exit code. */
export function build() {
  const isClone = existsSync(join(home, 'binding.gyp'));
  try {
    if (!(isClone ? runNodeGyp(home) : buildAside())) {
      console.error('uvnet: the build failed; it needs python3, make and a C++17 compiler');
      return 1;
    }
  } catch (error) {
    // Of a file, such as in a folder that belongs to another user.
    console.error(`uvnet: ${error.message}`);
    return 1;
  }
  console.log(`built ${join(home, BINARY)}`);
  return 0;
}
