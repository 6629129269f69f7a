import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { spawnSync } from 'node:child_process';

import { at } from '../helpers/installed-package';

/** The replacement of a binary that running programs may have loaded. */

const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-replace-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Replaces a file in another process, after `before` has run there. */
function tryToReplace(from: string, to: string, before = '') {
  const source = `import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    ${before};
    syncBuiltinESMExports();
    const { replaceFile } = await import(${JSON.stringify(pathToFileURL(at('bin/lib/replace-file.mjs')).href)});
    replaceFile(...${JSON.stringify([from, to])});`;
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', source],
    { encoding: 'utf8' },
  );
  return { status, stderr };
}

function replace(from: string, to: string): void {
  expect(tryToReplace(from, to)).toEqual({ status: 0, stderr: '' });
}

test('a new file takes the name, and whoever has the old one open keeps it', () => {
  const home = path.join(folder, 'in-use');
  mkdirSync(home);
  const [from, to] = [path.join(folder, 'first'), path.join(home, 'uvnet.node')];
  writeFileSync(from, 'new');
  writeFileSync(to, 'old');
  const opened = openSync(to, 'r');
  try {
    replace(from, to);
    expect(readFileSync(opened, 'utf8')).toBe('old');
    expect(readFileSync(to, 'utf8')).toBe('new');
  } finally {
    closeSync(opened);
  }
});

test('nothing else stays, not even what an earlier replacement could not delete', () => {
  const home = path.join(folder, 'left');
  mkdirSync(home);
  const [from, to] = [path.join(folder, 'second'), path.join(home, 'uvnet.node')];
  writeFileSync(from, 'new');
  writeFileSync(to, 'old');
  writeFileSync(`${to}.old-1-2`, 'older');
  replace(from, to);
  expect(readdirSync(home)).toEqual(['uvnet.node']);
  expect(readFileSync(to, 'utf8')).toBe('new');
});

test('the folder of the file is made', () => {
  const from = path.join(folder, 'third');
  writeFileSync(from, 'new');
  const to = path.join(folder, 'build/Release/uvnet.node');
  replace(from, to);
  expect(readFileSync(to, 'utf8')).toBe('new');
});

describe('the folder stays as it was', () => {
  function failing(name: string, missing: boolean, before: string, message: string): void {
    const home = path.join(folder, name);
    mkdirSync(home);
    const [from, to] = [path.join(folder, `${name}-new`), path.join(home, 'uvnet.node')];
    if (!missing) writeFileSync(from, 'new');
    writeFileSync(to, 'old');
    const { status, stderr } = tryToReplace(from, to, before);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(readdirSync(home)).toEqual(['uvnet.node']);
    expect(readFileSync(to, 'utf8')).toBe('old');
  }

  test('if there is no new file', () => failing('no-file', true, '', 'ENOENT'));

  test('if the new file can only be copied in part', () => {
    const before = `fs.copyFileSync = (from, to) => {
      fs.writeFileSync(to, 'ne');
      throw new Error('the disk is full');
    }`;
    failing('part', false, before, 'the disk is full');
  });

  test.each([1, 2])('if renaming fails, the time %i', (time) => {
    const before = `const rename = fs.renameSync;
      let times = 0;
      fs.renameSync = (...names) => {
        if (++times === ${time}) throw new Error('no renaming');
        rename(...names);
      }`;
    failing(`rename-${time}`, false, before, 'no renaming');
  });
});
