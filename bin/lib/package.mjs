// The installed package.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder. */
export const home = resolve(fileURLToPath(new URL('../..', import.meta.url)));

export const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

/** Whether dist/ exists. A new clone has none. */
export const isBuilt = existsSync(join(home, 'dist/net.js'));
