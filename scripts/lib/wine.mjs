// Wine, and what Node and jest need in it. A prefix is made once, in .cache. Each run works in copies of it, so that
// several runs on a machine cannot disturb each other, and nothing of a run is left over in the next.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fetchResolver } from './nodes.mjs';
import { at, CommandError, hasCommand, makeFolder, root, run } from './tools.mjs';

const home = at('.cache/wine');
const template = path.join(home, 'prefix');
const modules = path.join(home, 'modules/node_modules');

/** Debian keeps the programs outside PATH unless its package `wine` is installed as well. */
const folders = ['/usr/lib/wine', ...(process.env.PATH ?? '').split(':')];
const find = (...names) =>
  names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(existsSync);

const wine = find('wine64', 'wine');
const server = find('wineserver64', 'wineserver');

/** Converts a path for Windows programs. */
export const windowsPath = (file) => `Z:${file.replaceAll('/', '\\')}`;

const environment = (prefix) => ({
  ...process.env,
  WINEPREFIX: prefix,
  WINEDEBUG: '-all',
  WINESERVER: server,
  // Not looked for in each new prefix.
  WINEDLLOVERRIDES: 'mscoree=;mshtml=',
  NODE_PATH: windowsPath(modules),
});

/** Ends every program in a prefix, and waits until its server has ended too. */
function stop(prefix) {
  const options = { env: environment(prefix), stdio: 'ignore' };
  spawnSync(server, ['--kill'], options);
  spawnSync(server, ['--wait'], options);
}

function fillPrefix(staging) {
  console.log(`making a Wine prefix in ${path.relative(root, template)}`);
  const options = { env: environment(staging), stdio: 'ignore', quiet: true };
  run(wine, ['wineboot', '--init'], options);
  // Node 20 and newer refuse to run on the version of Windows that Wine 8 reports by default.
  run(wine, ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'], options);
  run(
    'x86_64-w64-mingw32-gcc',
    [
      ...['-shared', '-s', '-o'],
      path.join(staging, 'drive_c/windows/system32/bcryptprimitives.dll'),
      at('scripts/wine/bcryptprimitives.c'),
      '-ladvapi32',
    ],
    { quiet: true },
  );
  stop(staging);
}

/** Fetches and makes what all runs share. */
export async function prepareWine() {
  if (!wine || !server) throw new CommandError('wine64 is missing: apt-get install wine64');
  if (!hasCommand('x86_64-w64-mingw32-gcc')) {
    throw new CommandError('mingw-w64 is missing: apt-get install g++-mingw-w64-x86-64-posix');
  }
  await fetchResolver('win32-x64-msvc', modules);
  if (!existsSync(template)) await makeFolder(template, fillPrefix);
}

/** Copies a folder by links to its files: a prefix has 700 MB of libraries, which no program changes. */
function linkFolder(from, to) {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) linkFolder(source, target);
    else if (entry.isFile()) linkSync(source, target);
    else cpSync(source, target, { verbatimSymlinks: true });
  }
}

/** A copy of the prefix. It and its programs end with this process, however this process ends. */
export class WinePrefix {
  #folder;
  #env;

  /** Makes it as `folder`, which must not exist yet and must be in `.cache/wine`. */
  constructor(folder) {
    this.#folder = folder;
    this.#env = environment(folder);
    this.#endWithThisProcess();
    mkdirSync(folder);
    for (const entry of readdirSync(template, { withFileTypes: true })) {
      const [source, target] = [path.join(template, entry.name), path.join(folder, entry.name)];
      if (entry.isDirectory()) linkFolder(source, target);
      // The registry, which Wine writes.
      else copyFileSync(source, target);
    }
  }

  /**
   * Starts a Windows program, and returns the child. Its output must go to files, because Node under
   * Wine cannot open the pipes of a Linux program.
   */
  start(program, args, { env, stdio }) {
    return spawn(wine, [program, ...args], { cwd: root, env: { ...this.#env, ...env }, stdio });
  }

  /** Ends all its programs. The next one starts Wine again. */
  stop() {
    stop(this.#folder);
  }

  /**
   * Programs under Wine are no children of this process, and a handler of signals does not run for all of them.
   * So another process waits for the end of this one, and cleans up.
   */
  #endWithThisProcess() {
    const script = 'cat; "$0" --kill; "$0" --wait; rm -rf "$1"';
    const guard = spawn('/bin/sh', ['-c', script, server, this.#folder], {
      env: this.#env,
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    guard.unref();
    guard.stdin.unref();
  }
}
