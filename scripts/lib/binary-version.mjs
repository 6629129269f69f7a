// Whether a binary belongs to these sources: its JavaScript refuses one of another version.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { at, isStale, listFiles, readJson } from './tools.mjs';

export const { version } = readJson(at('package.json'));

/** For the compiler: native/addon.cc makes a text of it. */
export const versionDefine = `UVNET_VERSION=${version}`;

/** Whether an object or a binary contains that text. */
export const namesVersion = (file) => readFileSync(file).includes(`uvnet@${version}\0`);

/** Copies of other files, which prepack makes: they are as new as the last `npm ci`, and no reason to build anything. */
const copies = [at('native/binding.gyp'), at('native/vendor') + path.sep];

const sources = () =>
  listFiles([at('native'), at('binding.gyp')]).filter(
    (file) => !copies.some((copy) => file.startsWith(copy)),
  );

/**
 * Whether a binary is missing, of another version, or older than the sources. Not all that changes package.json
 * changes the binary, so its time does not count.
 */
export const isOutdated = (file) => isStale(file, sources()) || !namesVersion(file);
