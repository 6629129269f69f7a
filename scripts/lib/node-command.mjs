// A command that is a Node which the system cannot start by itself.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Writes the command `file`, which starts Node by the given words, and returns its path. Programs start
 * `process.execPath`, which would be the file that the system cannot start. A preloaded module makes it the
 * command, also in children and workers.
 */
export function writeNodeCommand(file, words) {
  const preloaded = `${file}.cjs`;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(preloaded, `process.execPath = ${JSON.stringify(file)};\n`);
  writeFileSync(
    file,
    `#!/bin/sh
export NODE_OPTIONS="--require=${preloaded} $NODE_OPTIONS"
exec ${words.map(quoted).join(' ')} "$@"
`,
  );
  chmodSync(file, 0o755);
  return file;
}
