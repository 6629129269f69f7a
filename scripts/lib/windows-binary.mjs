// Checks the imports and exports of a Windows binary with mingw-w64's binutils.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { nodeHome, supported } from './nodes.mjs';
import { CommandError } from './tools.mjs';
import { ENTRY } from './symbols.mjs';

/** Libraries of every Windows. */
const LIBRARIES = ['KERNEL32.dll', 'WS2_32.dll', 'IPHLPAPI.DLL', 'msvcrt.dll'];

function runTool(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw new CommandError(`${command}: ${error.message}`);
  if (status !== 0) throw new CommandError(`${command}: exit code ${status}\n${stderr}`);
  return stdout;
}

/** The names that a Windows program or library exports, and those of the libraries it loads. */
function readTables(file) {
  const text = runTool('x86_64-w64-mingw32-objdump', ['--private-headers', file]);
  const [, exportTable = ''] = text.split('[Ordinal/Name Pointer] Table');
  return {
    exported: [...exportTable.matchAll(/^\s*\[ *\d+\] (\S+)$/gm)].map(([, name]) => name),
    libraries: [...text.matchAll(/DLL Name: (\S+)/g)].map(([, name]) => name),
  };
}

/**
 * An import library for what node.exe exports of Node-API and libuv; the oldest supported one, so that a
 * function it lacks does not link. The imports are delayed: native/env/delay_load_hook.cc finds the
 * program when the first is called.
 */
export async function windowsImports(folder) {
  const home = await nodeHome(supported[0], { platform: 'win32', arch: 'x64' });
  const { exported } = readTables(path.join(home, 'bin/node.exe'));
  const names = exported.filter((name) => /^(napi|node_api|uv)_/.test(name));
  if (names.length === 0) throw new CommandError(`${home}: node.exe exports nothing`);
  const definition = path.join(folder, 'node.def');
  const library = path.join(folder, 'libnode.a');
  writeFileSync(definition, ['LIBRARY node.exe', 'EXPORTS', ...names, ''].join('\n'));
  runTool('x86_64-w64-mingw32-dlltool', ['-d', definition, '--output-delaylib', library]);
  return [library];
}

/** Returns the problems of a binary, one per line; none if it is correct. */
export function checkWindowsBinary(file) {
  const { exported, libraries } = readTables(file);
  return [
    ...exported.filter((name) => !ENTRY.includes(name)).map((name) => `exports ${name}`),
    ...ENTRY.filter((name) => !exported.includes(name)).map((name) => `does not export ${name}`),
    // node.exe among them would mean that the host is looked for by its name.
    ...libraries.filter((name) => !LIBRARIES.includes(name)).map((name) => `needs ${name}`),
  ];
}
