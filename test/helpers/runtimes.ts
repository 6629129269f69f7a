// Runtimes other than the one that runs the tests.
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
const at = (...parts: string[]): string => path.join(root, ...parts);

/** Another runtime: named by UVNET_TEST_BUN or UVNET_TEST_DENO, fetched by scripts/runtimes.mjs, or on PATH. */
export function findRuntime(name: 'bun' | 'deno'): string | undefined {
  const named = process.env[`UVNET_TEST_${name.toUpperCase()}`];
  const places = (process.env.PATH ?? '').split(path.delimiter);
  const fetched = ['bin', ''].map((folder) => at('.cache/runtimes', name, folder, name));
  return [named, ...fetched, ...places.map((place) => path.join(place, name))].find(
    (file) => file !== undefined && file !== '' && existsSync(file),
  );
}

/** The reason that a test reports for a missing runtime. */
export const missingRuntime = (found: string | undefined, name: string): string | undefined =>
  found === undefined ? `${name}: node scripts/runtimes.mjs` : undefined;

/** Node of another line, as scripts/runtimes.mjs fetches it. */
export function findNode(version: string): string | undefined {
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  const node = at('.cache/nodes', version, 'bin', program);
  return existsSync(node) ? node : undefined;
}

/** The script of a package manager, as scripts/runtimes.mjs fetches it. */
export function findManager(name: 'pnpm' | 'yarn', script: string): string | undefined {
  const file = at('.cache/managers', name, script);
  return existsSync(file) ? file : undefined;
}
