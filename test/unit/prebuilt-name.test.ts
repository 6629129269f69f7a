import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { prebuiltName } from '../../lib/internal/native/prebuilt-name';
import { binaries, type Binary } from '../helpers/binaries';

const finder = `process.stdout.write(require(${JSON.stringify(require.resolve('node-gyp-build'))}).path(process.argv[1]))`;

let folder: string;

const fileOf = ({ file }: Binary): string => path.join(folder, 'prebuilds', file);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'uvnet-prebuilds-'));
  for (const file of binaries.map(fileOf)) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '');
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the name of the prebuilt binary', () => {
  test.each(binaries)(
    'is that of the list of binaries: $name',
    ({ platform, arch, libc, file }) => {
      // Systems other than Linux have one C library, whose name does not matter.
      const name = prebuiltName(platform, arch, libc ?? 'glibc');
      expect(`${platform}-${arch}/${name}`).toBe(file);
    },
  );

  test.each(binaries)('is the one node-gyp-build finds: $name', (target) => {
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', finder, folder], {
      encoding: 'utf8',
      env: {
        ...process.env,
        npm_config_platform: target.platform,
        npm_config_arch: target.arch,
        LIBC: target.libc ?? '',
        ARM_VERSION: target.arch === 'arm' ? '7' : '',
      },
    });
    expect({ stdout, stderr }).toEqual({ stdout: fileOf(target), stderr: '' });
  });
});
