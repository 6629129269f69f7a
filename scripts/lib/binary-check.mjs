// Checks a binary of any of the nine systems, on any machine that has the tools for it, and lets only one
// that passes into prebuilds/.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { binaryNamed } from './binaries.mjs';
import { machineOf } from './binary-machine.mjs';
import { checkMachO } from './macos-binary.mjs';
import { zig } from './nodes.mjs';
import { checkMuslBinary, checkSymbols, neededLibraries } from './symbols.mjs';
import { at, CommandError, hasCommand } from './tools.mjs';
import { checkWindowsArm64Binary, checkWindowsBinary } from './windows-binary.mjs';

/** No binary may be larger: all of them are in each download. */
const SIZE_LIMIT = 600_000;

/** A binary for the other C library has the same format. */
function checkLibc(libc, file) {
  const found = neededLibraries(file).includes('libc.so.6') ? 'glibc' : 'musl';
  return found === libc ? [] : [`is for ${found}`];
}

const command = (name, debian) => (hasCommand(name) ? undefined : debian);

/** How the imports and exports of a binary are checked, and what must be installed for that. */
function checkerOf({ platform, arch, libc }) {
  if (platform === 'darwin') return [checkMachO, command('llvm-nm', 'llvm')];
  if (platform === 'win32' && arch === 'arm64') {
    return [checkWindowsArm64Binary, command('llvm-readobj', 'llvm')];
  }
  if (platform === 'win32') {
    const tool = 'x86_64-w64-mingw32-objdump';
    return [checkWindowsBinary, command(tool, 'binutils-mingw-w64-x86-64')];
  }
  const binutils = command('readelf', 'binutils');
  if (libc === 'glibc') return [checkSymbols, binutils];
  // The list of musl's functions is zig's.
  return [checkMuslBinary, binutils ?? (existsSync(zig) ? undefined : 'zig')];
}

/** Returns what must be installed before a binary can be checked; undefined if nothing is missing. */
export const missingToCheck = (binary) => checkerOf(binary)[1];

/** Returns the problems of a file that is to be one of the binaries, one per line; none if it is correct. */
export function problemsOf(binary, file) {
  const { platform, arch, libc } = binary;
  const machine = machineOf(file);
  // Of such a file, the tools could say nothing useful.
  if (machine !== `${platform}-${arch}`) return [`is for ${machine ?? 'no system known here'}`];
  const { size } = statSync(file);
  const [check] = checkerOf(binary);
  return [
    ...(size > SIZE_LIMIT ? [`has ${size} bytes, and no more than ${SIZE_LIMIT} are allowed`] : []),
    ...(libc ? checkLibc(libc, file) : []),
    ...check(file),
  ];
}

/**
 * Checks a binary that was built elsewhere, and only then puts it into prebuilds/, as `file`: whatever is there is packed.
 * One that the package does not carry is only for the machine that built it. Returns its path there.
 */
export function placeBinary(name, built, file) {
  const binary = binaryNamed(name);
  if (binary && file !== binary.file) {
    throw new CommandError(`${name}: made as ${file}, expected as ${binary.file}`);
  }
  const missing = binary && missingToCheck(binary);
  if (missing) {
    console.log(`${name}: not checked, because ${missing} is missing`);
  } else if (binary) {
    const problems = problemsOf(binary, built);
    if (problems.length) throw new CommandError(`${name}: ${built}\n  ${problems.join('\n  ')}`);
  }
  const output = at('prebuilds', file);
  mkdirSync(path.dirname(output), { recursive: true });
  // Running programs keep the old file, and nobody finds a part of the new one.
  const unfinished = `${output}.unfinished`;
  try {
    copyFileSync(built, unfinished);
    renameSync(unfinished, output);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  return output;
}
