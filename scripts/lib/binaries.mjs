// The binaries that the package carries: which they are, where they stand, and whether they are up to date.
import { existsSync } from 'node:fs';
import { isOutdated } from './binary-version.mjs';
import { at, readJson } from './tools.mjs';

/**
 * One entry for each: `name`, which scripts/prebuild.mjs takes as a target; `platform`, `arch` and, for Linux, `libc`;
 * `file`, its path below prebuilds/, where lib/internal/native/prebuilt-name.ts looks for it.
 */
export const binaries = readJson(at('scripts/lib/binaries.json'));

/** Whether the C library of this Node is musl. lib/internal/native/libc.ts finds it faster; a test compares both. */
export const isMusl =
  process.platform === 'linux' && !('glibcVersionRuntime' in process.report.getReport().header);

/** The binary for this system; undefined if the package carries none for it. */
export const ownBinary = binaries.find(
  ({ platform, arch, libc }) =>
    platform === process.platform &&
    arch === process.arch &&
    (libc === undefined || libc === (isMusl ? 'musl' : 'glibc')),
);

export const binaryNamed = (name) => binaries.find((binary) => binary.name === name);

/** Where a binary stands. */
export const pathOf = ({ file }) => at('prebuilds', file);

/** Those of the binaries that are missing. */
export const missingBinaries = () => binaries.filter((binary) => !existsSync(pathOf(binary)));

/** Those of the given binaries that are missing, or do not belong to these sources. */
export const outdated = (some) => some.filter((binary) => isOutdated(pathOf(binary)));
