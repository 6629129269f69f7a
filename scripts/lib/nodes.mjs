// Node binaries of other versions, from the npm packages that hold one each, kept in .cache/nodes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { at, CommandError, run } from './tools.mjs';

/** The lines that uvnet supports. */
export const supported = ['20', '22', '24', '26'];

/**
 * The folder of an installation of that major version: it has bin/node and include/node.
 * Fetched on first use; `fresh` fetches the newest of the line.
 */
export function nodeHome(version, { fresh = false } = {}) {
  const home = at('.cache/nodes', version);
  const binary = path.join(home, 'bin/node');
  const works = () => spawnSync(binary, ['--version']).status === 0;
  if (!fresh && existsSync(binary) && works()) return home;
  const name = `node-${process.platform}-${process.arch}`;
  const staging = at('.cache/nodes', `.staging-${version}-${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  try {
    run('npm', [
      'install',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--ignore-scripts',
      '--prefix',
      staging,
      `${name}@${version}`,
    ]);
    rmSync(home, { recursive: true, force: true });
    renameSync(path.join(staging, 'node_modules', name), home);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  if (!works()) throw new CommandError(`${binary} does not run`);
  return home;
}
