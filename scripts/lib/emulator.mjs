// Linux' Node for arm64 on a machine that is none, by qemu.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { nodeHome } from './nodes.mjs';
import { at, hasCommand } from './tools.mjs';

/** What is kept of it. */
export const emulatorHome = at('.cache/arm64');

/** The libraries that Node loads there: those of Debian's cross compiler. */
const libraries = '/usr/aarch64-linux-gnu';

/** Whether it is there: Debian's qemu-user-static and g++-aarch64-linux-gnu. */
export const hasEmulator = () =>
  process.arch !== 'arm64' && hasCommand('qemu-aarch64-static') && existsSync(libraries);

/** A command that is this Node to whoever starts it: programs start process.execPath. */
export async function emulatedNode(version) {
  const folder = await nodeHome(version, { platform: 'linux', arch: 'arm64' });
  const program = path.join(folder, 'bin/node');
  const command = path.join(emulatorHome, `node-${version}`);
  mkdirSync(emulatorHome, { recursive: true });
  writeFileSync(command, `#!/bin/sh\nexec qemu-aarch64-static -L ${libraries} '${program}' "$@"\n`);
  chmodSync(command, 0o755);
  return command;
}
