import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { at } from '../helpers/installed-package';

/** The development dependencies, which scripts/build.mjs installs where they are missing or old. */

const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-install-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('are not installed through a link, whose target npm would empty', () => {
  const [copy, shared] = [path.join(folder, 'copy'), path.join(folder, 'shared')];
  for (const each of [copy, shared]) mkdirSync(each);
  cpSync(at('scripts'), path.join(copy, 'scripts'), { recursive: true });
  writeFileSync(path.join(copy, 'package.json'), '{"name":"uvnet","version":"1.2.3"}');
  writeFileSync(path.join(copy, 'package-lock.json'), '{"lockfileVersion":3,"packages":{}}');
  writeFileSync(path.join(shared, 'of-another-copy'), '');
  // As Windows has it without special rights.
  symlinkSync(shared, path.join(copy, 'node_modules'), 'junction');
  const { status, stderr } = spawnSync(process.execPath, [path.join(copy, 'scripts/build.mjs')], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('error: node_modules is a link: run npm ci where it points\n');
  expect(status).toBe(1);
  expect(readdirSync(shared)).toEqual(['of-another-copy']);
});
