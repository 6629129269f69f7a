import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { prebuiltName } from '../../lib/internal/native/prebuilt-name';

/** All that the package carries. */
const carried = [
  { platform: 'linux', arch: 'x64', libc: 'glibc' },
  { platform: 'linux', arch: 'x64', libc: 'musl' },
  { platform: 'linux', arch: 'arm64', libc: 'glibc' },
  { platform: 'linux', arch: 'arm64', libc: 'musl' },
  { platform: 'linux', arch: 'arm', libc: 'glibc' },
  { platform: 'darwin', arch: 'x64', libc: 'glibc' },
  { platform: 'darwin', arch: 'arm64', libc: 'glibc' },
  { platform: 'win32', arch: 'x64', libc: 'glibc' },
  { platform: 'win32', arch: 'arm64', libc: 'glibc' },
] as const;

const finder = `process.stdout.write(require(${JSON.stringify(require.resolve('node-gyp-build'))}).path(process.argv[1]))`;

let folder: string;

const fileOf = ({ platform, arch, libc }: (typeof carried)[number]): string =>
  path.join(folder, 'prebuilds', `${platform}-${arch}`, prebuiltName(platform, arch, libc));

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'uvnet-prebuilds-'));
  for (const file of carried.map(fileOf)) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '');
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the name of the prebuilt binary', () => {
  test.each(carried)('is the one node-gyp-build finds on $platform-$arch, $libc', (target) => {
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', finder, folder], {
      encoding: 'utf8',
      env: {
        ...process.env,
        npm_config_platform: target.platform,
        npm_config_arch: target.arch,
        LIBC: target.libc,
        ARM_VERSION: target.arch === 'arm' ? '7' : '',
      },
    });
    expect({ stdout, stderr }).toEqual({ stdout: fileOf(target), stderr: '' });
  });
});
