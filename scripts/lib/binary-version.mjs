// Whether a binary belongs to these sources: its JavaScript refuses one of another version.
import { readFileSync } from 'node:fs';
import { at, isStale, readJson } from './tools.mjs';

export const { version } = readJson(at('package.json'));

/** For the compiler: native/addon.cc makes a text of it. */
export const versionDefine = `UVNET_VERSION=${version}`;

/** Whether an object or a binary contains that text. */
export const namesVersion = (file) => readFileSync(file).includes(`uvnet@${version}\0`);

/**
 * Whether a binary is missing, of another version, or older than the sources. Not all that changes package.json
 * changes the binary, so its time does not count.
 */
export const isOutdated = (file) =>
  isStale(file, [at('native'), at('binding.gyp')]) || !namesVersion(file);
