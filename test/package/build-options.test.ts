import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { at } from '../helpers/installed-package';

/** By which options node-gyp compiles and links, for us and for others. */

const home = mkdtempSync(path.join(tmpdir(), 'uvnet-options-'));
afterAll(() => rmSync(home, { recursive: true }));

/** What node-gyp's makefile of the addon says; node-gyp only needs to find headers when it compiles. */
function makefile(env: Record<string, string>): string {
  const folder = mkdtempSync(path.join(home, 'build-'));
  for (const part of ['native', 'binding.gyp', 'package.json']) {
    cpSync(at(part), path.join(folder, part), { recursive: true });
  }
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      at('node_modules/node-gyp/bin/node-gyp.js'),
      ...['configure', '-C', folder, `--nodedir=${path.resolve(process.execPath, '../..')}`],
    ],
    { encoding: 'utf8', env: { ...process.env, UVNET_RELEASE: '', ...env } },
  );
  if (status !== 0) throw new Error(stderr);
  return readFileSync(path.join(folder, 'build/uvnet.target.mk'), 'utf8');
}

const linux =
  process.platform === 'linux' && spawnSync('python3', ['--version']).status === 0
    ? describe
    : describe.skip;

linux('the build by node-gyp (a makefile: Linux with python3)', () => {
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
