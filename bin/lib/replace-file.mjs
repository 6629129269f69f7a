// Puts a new version of a file in the place of one that may be in use.
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Deletes what nobody uses any more. Windows does not delete a binary that a process has loaded. */
function tryToDelete(file) {
  try {
    rmSync(file, { force: true });
  } catch {
    // The next call tries it again.
  }
}

/** Renames a file; answers whether there was one. */
function moveAside(file, name) {
  try {
    renameSync(file, name);
    return true;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return false;
  }
}

/**
 * Copies `from` to `to`. Programs that have loaded the old `to` keep that one: its contents must not change. It is
 * renamed, which every system allows, and then deleted. If anything fails, the old one has its name again.
 */
export function replaceFile(from, to) {
  const folder = dirname(to);
  const aside = `${basename(to)}.old-`;
  mkdirSync(folder, { recursive: true });
  // Complete before it takes the name.
  const made = join(folder, `${basename(to)}.new-${process.pid}`);
  const replaced = join(folder, `${aside}${process.pid}-${Date.now()}`);
  let moved = false;
  try {
    copyFileSync(from, made);
    moved = moveAside(to, replaced);
    renameSync(made, to);
  } catch (error) {
    tryToDelete(made);
    if (moved) renameSync(replaced, to);
    throw error;
  }
  const old = readdirSync(folder).filter((name) => name.startsWith(aside));
  for (const name of old) tryToDelete(join(folder, name));
}
