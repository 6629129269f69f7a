// The list of the binaries that the package carries (scripts/lib/binaries.mjs).
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Binary {
  name: string;
  platform: string;
  arch: string;
  libc?: 'glibc' | 'musl';
  /** Below prebuilds/. */
  file: string;
}

export const binaries = JSON.parse(
  readFileSync(path.resolve(__dirname, '../../scripts/lib/binaries.json'), 'utf8'),
) as Binary[];
