// Checks the imports and exports of a Linux binary.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { zig } from './nodes.mjs';
import { output } from './tools.mjs';

/**
 * The newest glibc that a binary may need: that of the oldest systems on which Node 20 to 26 run.
 */
const GLIBC_LIMIT = '2.28';

/** Only the entry point of the module. */
export const ENTRY = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

/** Libraries that every Node loads itself; the last three are the loader's. musl's is libc.so too. */
const LIBRARIES =
  /^(libc\.so|libc\.so\.6|libm\.so\.6|libgcc_s\.so\.1|libpthread\.so\.0|libdl\.so\.2|libc\.musl-\w+\.so\.1|ld-linux.*|ld-musl.*)$/;

const newer = (a, b) => a.localeCompare(b, 'en', { numeric: true }) > 0;

const readelf = (option, file) =>
  output('readelf', ['--wide', option, file], { env: { ...process.env, LC_ALL: 'C' } });

/** The names of the libraries that a binary asks for. */
export const neededLibraries = (file) =>
  [...readelf('--dynamic', file).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name);

/** Returns the problems of a binary, one per line; none if it is correct. */
export function checkSymbols(file) {
  const problems = [];
  const exported = [];
  for (const line of readelf('--dyn-syms', file).split('\n')) {
    // Num: Value Size Type Bind Vis Ndx Name
    const fields = line.trim().split(/\s+/);
    const [bind, section, name] = [fields[4], fields[6], fields[7]];
    if (!/^\d+:$/.test(fields[0]) || name === undefined) continue;
    if (section !== 'UND') {
      if (bind !== 'LOCAL') exported.push(name);
      continue;
    }
    const [, library, version] = /@([A-Z]+)_([\d.]+)/.exec(name) ?? [];
    if (library === 'GLIBC' && newer(version, GLIBC_LIMIT)) {
      problems.push(`asks for ${name}: above glibc ${GLIBC_LIMIT}`);
    }
    if (library === 'GLIBCXX' || library === 'CXXABI') {
      problems.push(`asks for ${name}: the C++ runtime should be linked in`);
    }
  }
  for (const name of exported.filter((name) => !ENTRY.includes(name))) {
    problems.push(`exports ${name}`);
  }
  for (const name of ENTRY.filter((name) => !exported.includes(name))) {
    problems.push(`does not export ${name}`);
  }
  for (const name of neededLibraries(file)) {
    if (!LIBRARIES.test(name)) problems.push(`needs ${name}`);
  }
  return problems;
}

/** The functions of musl, as zig knows them. */
function muslNames() {
  const text = readFileSync(path.join(path.dirname(zig), 'lib/libc/musl/libc.S'), 'utf8');
  return new Set(
    [...text.matchAll(/^\.?(?:globl|weak|WEAK64|WEAKTIME64) (\S+)/gm)].map(([, name]) => name),
  );
}

/**
 * Like checkSymbols(), for musl: all imports must come from Node, libuv or musl. g++, unlike zig, takes the unwinder from
 * libgcc_s, which Node loads itself, and leaves weak names that nothing needs to have.
 */
export function checkMuslBinary(file) {
  const known = muslNames();
  const missing = readelf('--dyn-syms', file)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([number, , , , bind, , section]) =>
        /^\d+:$/.test(number) && section === 'UND' && bind !== 'WEAK',
    )
    // A name of libgcc_s has a version after an "@".
    .map(([, , , , , , , name]) => name?.split('@')[0])
    .filter((name) => name && !/^(napi|node_api|uv)_|^_Unwind_/.test(name) && !known.has(name));
  return [...checkSymbols(file), ...missing.map((name) => `asks for ${name}, which musl lacks`)];
}
