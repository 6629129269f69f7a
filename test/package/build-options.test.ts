import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { at } from '../helpers/installed-package';
import { describeNeeds, missingCommand } from '../helpers/needs';

/** By which options node-gyp compiles and links, for us and for others. */

const home = mkdtempSync(path.join(tmpdir(), 'uvnet-options-'));
afterAll(() => rmSync(home, { recursive: true }));

const nodedir = path.resolve(process.execPath, '../..');
/** This file stands among the headers, and node-gyp reads it when it configures. */
const headers = existsSync(path.join(nodedir, 'include/node/common.gypi'))
  ? undefined
  : 'the headers of Node beside it';

/** What node-gyp's makefile of the addon says. */
function makefile(env: Record<string, string>): string {
  const folder = mkdtempSync(path.join(home, 'build-'));
  for (const part of ['native', 'binding.gyp', 'package.json']) {
    cpSync(at(part), path.join(folder, part), { recursive: true });
  }
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      at('node_modules/node-gyp/bin/node-gyp.js'),
      ...['configure', '-C', folder, `--nodedir=${nodedir}`],
    ],
    { encoding: 'utf8', env: { ...process.env, UVNET_RELEASE: '', ...env } },
  );
  if (status !== 0) throw new Error(stderr);
  return readFileSync(path.join(folder, 'build/uvnet.target.mk'), 'utf8');
}

// Only Linux has a makefile.
describeNeeds(missingCommand('python3') ?? headers)('the build by node-gyp', () => {
  test("of a user does not fail by a compiler's new warning, and takes the C++ runtime of the system", () => {
    const text = makefile({});
    expect(text).toContain('-Wextra');
    expect(text).not.toContain('-Werror');
    expect(text).not.toContain('-static-libstdc++');
  });

  test('of the binaries in the package refuses warnings, and brings the C++ runtime along', () => {
    const text = makefile({ UVNET_RELEASE: '1' });
    expect(text).toContain('-Werror');
    expect(text).toContain('-static-libstdc++');
  });

  test('names the version in package.json', () => {
    const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as { version: string };
    expect(makefile({})).toContain(`'-DUVNET_VERSION=${version}'`);
  });
});
