import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { loaded } from '../../lib/internal/native/loader';
import { version, versionMismatch } from '../../lib/internal/native/version';
import { runChild } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

/** JavaScript and a binary that belong to different versions of uvnet. */

const root = path.resolve(__dirname, '../..');

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'uvnet-version-'));
  cpSync(path.join(root, 'dist'), path.join(copy, 'dist'), { recursive: true });
  const file = path.join(copy, 'dist/base.js');
  const parts = readFileSync(file, 'utf8').split(`"${version}"`);
  expect(parts).toHaveLength(2);
  writeFileSync(file, parts.join('"99.0.0"'));
});
afterAll(() => rmSync(copy, { recursive: true }));

/** The entry of that copy. */
const entry = (): string => path.join(copy, 'dist/index.js');

test('JavaScript of another version refuses the binary, and names both versions', async () => {
  const { stdout, stderr } = await runChild(
    { ...uvnet!, entry: entry() },
    ({ net }) => console.log((net as unknown as { backend: string }).backend),
    { env: { UVNET_BINDING: loaded.file! } },
  );
  expect(stdout).toBe('node\n');
  expect(stderr).toContain('uvnet falls back to node:net');
  expect(stderr).toContain(
    `${loaded.file!}: belongs to uvnet@${version}, and this JavaScript to uvnet@99.0.0`,
  );
  expect(stderr).toContain('npx uvnet build');
});

test('it leaves the binary to the copy that uses it', async () => {
  const { stdout } = await runChild(
    uvnet!,
    ({ require, args: [binary, other] }) => {
      const before = require.cache[binary as string];
      const { backend } = require(other as string) as { backend: string };
      console.log(backend, before !== undefined, require.cache[binary as string] === before);
    },
    // As the cache names it, on Windows too.
    { args: [path.resolve(loaded.file!), entry()], env: { UVNET_BINDING: loaded.file! } },
  );
  expect(stdout).toBe('node true true\n');
});

test('the binary in use names the version in package.json', () => {
  const { version: expected } = JSON.parse(
    readFileSync(path.join(root, 'package.json'), 'utf8'),
  ) as { version: string };
  expect(loaded.binding!.version).toBe(`uvnet@${expected}`);
  expect(versionMismatch(loaded.binding!.version)).toBeUndefined();
});

test('a binary without a version belongs to another one', () => {
  expect(versionMismatch(undefined)).toBe(
    `belongs to another version of uvnet, and this JavaScript to uvnet@${version}`,
  );
});
