// Linux' Node for arm64 on a machine that is none, by qemu.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { writeNodeCommand } from './node-command.mjs';
import { nodeProgram } from './nodes.mjs';
import { at, hasCommand, output } from './tools.mjs';

/** What is kept of it. */
export const emulatorHome = at('.cache/arm64');

/** The libraries that Node loads there: those of Debian's cross compiler. */
const libraries = '/usr/aarch64-linux-gnu';

const emulator = 'qemu-aarch64-static';

/** Whether it is there: Debian's qemu-user-static and g++-aarch64-linux-gnu. */
export const hasEmulator = () =>
  process.arch !== 'arm64' && hasCommand(emulator) && existsSync(libraries);

/** A command that is this Node to whoever starts it. */
export async function emulatedNode(version) {
  const program = await nodeProgram(version, { platform: 'linux', arch: 'arm64' });
  return writeNodeCommand(path.join(emulatorHome, `node-${version}`), [
    emulator,
    '-L',
    libraries,
    program,
  ]);
}

/** What the system answers to the requests of kernel_gaps.c: an error number for each name. */
function answers(compiler, under) {
  const program = path.join(emulatorHome, `kernel-gaps-${compiler}`);
  mkdirSync(emulatorHome, { recursive: true });
  output(compiler, ['-static', '-o', program, at('scripts/foreign/kernel_gaps.c')]);
  const [command, ...args] = [...under, program];
  const lines = output(command, args).trim().split('\n');
  return new Map(lines.map((line) => line.split(' ')));
}

/** The names of the requests that this kernel grants, and that the emulator refuses. */
export function emulatorGaps() {
  const here = answers('gcc', []);
  const emulated = answers('aarch64-linux-gnu-gcc', [emulator]);
  return [...here.keys()].filter((name) => here.get(name) !== emulated.get(name));
}
