// Checks the imports and exports of a macOS binary with LLVM's tools.
import { ENTRY } from './symbols.mjs';
import { output } from './tools.mjs';

/** The oldest macOS; binding.gyp has the same. */
const MACOS_LIMIT = '11.0';

/** What every macOS has. zig links the C++ runtime in; Apple's clang takes the system's, as far as 11.0 has it. */
const LIBRARIES = /^(libSystem|libc\+\+|libc\+\+abi)$/;

/**
 * Other visible symbols besides the entry point: the operators new and delete, which C++ lets every
 * program replace, and the name that zig's linker gives to the start of the file.
 */
const VISIBLE = /^(__Z(nw|na|dl|da)\S*|___dso_handle|__mh_dylib_header)$/;

/** Returns the problems of a binary, one per line; none if it is correct. */
export function checkMachO(file) {
  const problems = [];
  // "(undefined) external _read (from libSystem)"; those of the program have no library.
  for (const line of output('llvm-nm', ['--undefined-only', '--format=darwin', file]).split('\n')) {
    const [, name, library] = /external (\S+)(?: \(from (\S+)\))?/.exec(line) ?? [];
    if (name === undefined || LIBRARIES.test(library) || /^_(napi|node_api|uv)_/.test(name)) {
      continue;
    }
    problems.push(`asks for ${name} of ${library ?? 'the program'}`);
  }
  const entry = ENTRY.map((name) => `_${name}`);
  const exported = output('llvm-objdump', ['--macho', '--exports-trie', file])
    .split('\n')
    .filter((line) => line.startsWith('0x'))
    .map((line) => line.split(/\s+/)[1]);
  for (const name of exported) {
    if (!entry.includes(name) && !VISIBLE.test(name)) problems.push(`exports ${name}`);
  }
  for (const name of entry) {
    if (!exported.includes(name)) problems.push(`does not export ${name}`);
  }
  const commands = output('llvm-objdump', ['--macho', '--private-headers', file]);
  const [, minimum] = /LC_BUILD_VERSION[^]*?minos ([\d.]+)/.exec(commands) ?? [];
  if (minimum !== MACOS_LIMIT) problems.push(`is for macOS ${minimum}, not ${MACOS_LIMIT}`);
  for (const [, name] of commands.matchAll(/LC_LOAD_DYLIB\s+cmdsize \d+\s+name (\S+)/g)) {
    if (!/^\/usr\/lib\/(libSystem\.B|libc\+\+\.1)\.dylib$/.test(name)) {
      problems.push(`needs ${name}`);
    }
  }
  return problems;
}
