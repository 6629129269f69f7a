// This package, as it is installed.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The package's folder. */
export const home = fileURLToPath(new URL('../..', import.meta.url));

export const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);
