// What a Windows binary takes from node.exe, and what it offers, by mingw-w64's binutils; for arm64, which
// those of Debian do not know, by LLVM's.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { nodeProgram, supported } from './nodes.mjs';
import { at, CommandError, output } from './tools.mjs';
import { ENTRY } from './symbols.mjs';

/** What every Windows has; the C runtime of zig is that of Windows 10, in parts. */
const LIBRARIES = /^(kernel32|ws2_32|iphlpapi|msvcrt|api-ms-win-crt-\w+-l1-1-0)\.dll$/i;

/** The names that a Windows program or library exports, and those of the libraries it loads. */
function readTables(file) {
  const text = output('x86_64-w64-mingw32-objdump', ['--private-headers', file]);
  const [, exportTable = ''] = text.split('[Ordinal/Name Pointer] Table');
  return {
    exported: [...exportTable.matchAll(/^\s*\[ *\d+\] (\S+)$/gm)].map(([, name]) => name),
    libraries: [...text.matchAll(/DLL Name: (\S+)/g)].map(([, name]) => name),
  };
}

/** As readTables(), for arm64. */
function readArm64Tables(file) {
  const text = output('llvm-readobj', ['--coff-exports', '--coff-imports', file]);
  const namesOf = (kind) =>
    [...text.matchAll(new RegExp(`^${kind} \\{[^}]*?^ +Name: (\\S+)`, 'gm'))].map(
      ([, name]) => name,
    );
  return { exported: namesOf('Export'), libraries: namesOf('Import') };
}

/**
 * What node.exe exports of Node-API and libuv; the oldest supported one, so that a function it lacks does
 * not link.
 */
async function hostFunctions() {
  const program = await nodeProgram(supported[0], { platform: 'win32', arch: 'x64' });
  const { exported } = readTables(program);
  const names = exported.filter((name) => /^(napi|node_api|uv)_/.test(name));
  if (names.length === 0) throw new CommandError(`${program} exports nothing`);
  return names;
}

/**
 * An import library for the functions of the host. The imports are delayed: native/env/delay_load_hook.cc
 * finds the program when the first is called.
 */
export async function windowsImports(folder) {
  const names = await hostFunctions();
  const definition = path.join(folder, 'node.def');
  const library = path.join(folder, 'libnode.a');
  writeFileSync(definition, ['LIBRARY node.exe', 'EXPORTS', ...names, ''].join('\n'));
  output('x86_64-w64-mingw32-dlltool', ['-d', definition, '--output-delaylib', library]);
  return [library];
}

/** For arm64: a source that has the functions of the host looked up, those that the objects ask for. */
export async function windowsArm64Imports(folder, objects) {
  const known = await hostFunctions();
  const undefinedNames = output('llvm-nm', ['--undefined-only', '--just-symbol-name', ...objects]);
  const names = new Set(
    [...undefinedNames.matchAll(/^__imp_((?:napi|node_api|uv)_\w+)$/gm)].map(([, name]) => name),
  );
  const missing = [...names].filter((name) => !known.includes(name));
  if (missing.length > 0) throw new CommandError(`node.exe does not export ${missing.join(', ')}`);
  const list = [...names].map((name) => `FUNCTION(${name})\n`).join('');
  writeFileSync(path.join(folder, 'host_functions.inc'), list);
  return [`-I${folder}`, at('scripts/windows/host_functions.cc')];
}

function complaints({ exported, libraries }) {
  return [
    ...exported.filter((name) => !ENTRY.includes(name)).map((name) => `exports ${name}`),
    ...ENTRY.filter((name) => !exported.includes(name)).map((name) => `does not export ${name}`),
    // node.exe among them would mean that the host is looked for by its name.
    ...libraries.filter((name) => !LIBRARIES.test(name)).map((name) => `needs ${name}`),
  ];
}

/** The complaints about a binary, one a line; none when it fits. */
export const checkWindowsBinary = (file) => complaints(readTables(file));

/** zig's unwinder marks its functions as exported. Programs do not pick them up as they would elsewhere. */
const UNWINDER = /^(_Unwind_\w+|unw_\w+|_GCC_specific_handler)$/;

/** As checkWindowsBinary(), for arm64. */
export function checkWindowsArm64Binary(file) {
  const { exported, libraries } = readArm64Tables(file);
  return complaints({ exported: exported.filter((name) => !UNWINDER.test(name)), libraries });
}
