// Wine, with a prefix of its own in .cache, and what Node and jest need in it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fetchForeign } from './nodes.mjs';
import { at, CommandError, hasCommand, readJson, run } from './tools.mjs';

const home = at('.cache/wine');
const prefix = path.join(home, 'prefix');
const system32 = path.join(prefix, 'drive_c/windows/system32');
const modules = path.join(home, 'modules');

/** Debian keeps the programs outside PATH unless its package `wine` is installed as well. */
const folders = ['/usr/lib/wine', ...(process.env.PATH ?? '').split(':')];
const find = (...names) =>
  names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(existsSync);

const wine = find('wine64', 'wine');
const server = find('wineserver64', 'wineserver');

/** Converts a path for Windows programs. */
export const windowsPath = (file) => `Z:${file.replaceAll('/', '\\')}`;

const env = {
  ...process.env,
  WINEPREFIX: prefix,
  WINEDEBUG: '-all',
  WINESERVER: server,
  // Not looked for in each new prefix.
  WINEDLLOVERRIDES: 'mscoree=;mshtml=',
  NODE_PATH: windowsPath(path.join(modules, 'node_modules')),
};

/** Fetches the resolver for jest: npm installs only the binary for this system. */
async function fetchResolver() {
  const { version } = readJson(at('node_modules/unrs-resolver/package.json'));
  const name = '@unrs/resolver-binding-win32-x64-msvc';
  const folder = path.join(modules, 'node_modules', name);
  await fetchForeign(`${name}@${version}`, folder, 'resolver.win32-x64-msvc.node');
}

/** Creates the missing parts of the prefix. */
export async function prepareWine() {
  if (!wine || !server) throw new CommandError('wine64 is missing: apt-get install wine64');
  if (!hasCommand('x86_64-w64-mingw32-gcc')) {
    throw new CommandError('mingw-w64 is missing: apt-get install g++-mingw-w64-x86-64-posix');
  }
  await fetchResolver();
  const library = path.join(system32, 'bcryptprimitives.dll');
  if (existsSync(library)) return;
  console.log(`making a Wine prefix in ${path.relative(at('.'), prefix)}`);
  mkdirSync(home, { recursive: true });
  const options = { env, stdio: 'ignore', quiet: true };
  run(wine, ['wineboot', '--init'], options);
  // Node 20 and newer refuse to run on the version of Windows that Wine 8 reports by default.
  run(wine, ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'], options);
  run(
    'x86_64-w64-mingw32-gcc',
    ['-shared', '-s', '-o', library, at('scripts/wine/bcryptprimitives.c'), '-ladvapi32'],
    { quiet: true },
  );
}

/**
 * Starts a Windows program, and returns the child. Its output must go to files, because Node under
 * Wine cannot open the pipes of a Linux program.
 */
export function spawnWine(program, args, { env: more, stdio }) {
  return spawn(wine, [program, ...args], { cwd: at('.'), env: { ...env, ...more }, stdio });
}

/** Ends what still runs in the prefix. */
export function stopWine() {
  if (server) spawnSync(server, ['--kill'], { env, stdio: 'ignore' });
}
