// Says for which system a binary was made, by the first bytes of its file.
import { readFileSync } from 'node:fs';

const elf = { 0x3e: 'linux-x64', 0xb7: 'linux-arm64', 0x28: 'linux-arm' };
const machO = { 0x1000007: 'darwin-x64', 0x100000c: 'darwin-arm64' };
const windows = { 0x8664: 'win32-x64', 0xaa64: 'win32-arm64' };

/** `<platform>-<arch>`, as in the names of the folders in prebuilds/; undefined for anything else. */
export function machineOf(file) {
  const bytes = readFileSync(file);
  if (bytes.length < 0x40) return undefined;
  if (bytes.readUInt32BE(0) === 0x7f454c46) return elf[bytes.readUInt16LE(18)];
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return machO[bytes.readUInt32LE(4)];
  if (bytes.toString('latin1', 0, 2) !== 'MZ') return undefined;
  // The start of the file is a program for DOS, which says where the one for Windows begins.
  const header = bytes.readUInt32LE(0x3c);
  if (header + 6 > bytes.length || bytes.readUInt32LE(header) !== 0x4550) return undefined;
  return windows[bytes.readUInt16LE(header + 4)];
}
