import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
const scripts = readdirSync(path.join(root, 'scripts')).filter((name) => name.endsWith('.mjs'));

// The usage must be the first output.
test.each(scripts)('scripts/%s --help prints its usage and does nothing else', (name) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'scripts', name), '--help'],
    { encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: /);
});
