import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const BENCH = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const BIN = join(BENCH, 'bin');

/** Path of a built program: family 'load' or 'floor', name of its source without extension. */
export function binary(family, program) {
  return join(BIN, `${family}-${program}`);
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Compiles the C programs of one family whose sources are newer than their binaries. `shared` is
 * the source linked into each of them.
 */
function buildFamily(family, shared) {
  const folder = join(BENCH, family);
  const files = readdirSync(folder).map((name) => join(folder, name));
  const common = files.filter((path) => path.endsWith('.h') || basename(path) === shared);
  const newestShared = Math.max(...common.map(modified));
  for (const source of files) {
    if (!source.endsWith('.c') || basename(source) === shared) continue;
    const output = binary(family, basename(source, '.c'));
    if (modified(output) > Math.max(modified(source), newestShared)) continue;
    // Renamed into place, so that two benchmarks started at once never run half a file.
    const partial = `${output}.${process.pid}`;
    const flags = ['-O2', '-std=gnu11', '-Wall', '-Wextra', '-o', partial];
    execFileSync(process.env.CC ?? 'cc', [...flags, source, join(folder, shared)], {
      stdio: 'inherit',
    });
    renameSync(partial, output);
  }
}

/** Builds the load generators, and the floor servers when they are wanted. */
export function buildPrograms() {
  mkdirSync(BIN, { recursive: true });
  buildFamily('load', 'common.c');
  // Always: the floor's echo and sink are also the backends of the proxy workloads.
  buildFamily('floor', 'floor.c');
}
