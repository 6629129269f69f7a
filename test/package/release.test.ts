import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import path from 'node:path';

import { binaries } from '../helpers/binaries';
import { at, npm } from '../helpers/installed-package';
import { describeNeeds, missingCommand } from '../helpers/needs';

/** What a release refuses before it has built or packed anything, in a small repository of its own. */

let folder: string;

const inFolder = (...parts: string[]): string => path.join(folder, ...parts);

function write(name: string, contents: unknown): void {
  mkdirSync(path.dirname(inFolder(name)), { recursive: true });
  writeFileSync(inFolder(name), typeof contents === 'string' ? contents : JSON.stringify(contents));
}

const manifest = { name: 'uvnet', version: '1.2.3', files: ['prebuilds'] };
const repository = { type: 'git', url: 'git+https://example.org/owner/uvnet.git' };

/**
 * Git knows nothing but the folder: a hook that runs the tests may name its repository in the environment, and somebody's
 * settings may ask for signatures or hooks.
 */
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^GIT_/i.test(name))),
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_NOSYSTEM: '1',
};

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: environment });

const commit = (): void => {
  git('add', '.');
  git('-c', 'user.name=uvnet', '-c', 'user.email=uvnet@localhost', 'commit', '-qm', 'all');
};

/** Runs the script; answers the rows of its table, and the status. */
function release(args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [inFolder('scripts/release.mjs'), ...args],
    { encoding: 'utf8', env: { ...environment, GITHUB_REPOSITORY: '', ...env } },
  );
  const rows = [...stdout.matchAll(/^(ok|FAILED) +(\w+) +\d+ s {2}(.*)$/gm)].map(
    ([, result, name, note]) => `${result} ${name}: ${note}`,
  );
  return { status, rows, stderr };
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'uvnet-release-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describeNeeds(missingCommand('git'))('scripts/release.mjs', () => {
  beforeEach(() => {
    cpSync(at('scripts'), inFolder('scripts'), { recursive: true });
    write('.gitignore', 'prebuilds/\n');
    write('package.json', { ...manifest, repository });
    write('package-lock.json', { version: '1.2.3', packages: { '': { version: '1.2.3' } } });
    write('CHANGELOG.md', '# Changelog\n\n## 1.2.3 - 2026-11-29\n\n- All of it.\n');
    write('native/a.cc', '');
    write('binding.gyp', '');
    git('init', '-q');
    commit();
  });

  test('stops before it builds, without a repository in package.json', () => {
    write('package.json', manifest);
    commit();
    const { status, rows, stderr } = release([]);
    expect(rows).toEqual([
      'ok versions: 1.2.3, changelog of 2026-11-29',
      expect.stringMatching(/^FAILED repository: package\.json has no "repository"/),
    ]);
    expect({ status, tags: git('tag') }).toEqual({ status: 1, tags: '' });
    expect(stderr).toContain('no "repository"');
  });

  test('stops before it builds, if the versions do not agree', () => {
    write('package-lock.json', { version: '1.2.2', packages: { '': { version: '1.2.3' } } });
    commit();
    const { status, rows } = release([]);
    expect(rows).toEqual([
      'FAILED versions: package-lock.json has version 1.2.2',
      expect.stringMatching(/^ok repository/),
    ]);
    expect(status).toBe(1);
  });

  test('stops before it builds, if something is not committed', () => {
    write('native/b.cc', '');
    expect(release([])).toMatchObject({
      status: 1,
      rows: [
        expect.stringMatching(/^ok versions/),
        'FAILED repository: there are changes that are not committed',
      ],
    });
  });

  test('takes only the tag of the version, and makes no second one', () => {
    expect(release(['--tag', 'v1.2.4']).rows[0]).toBe(
      'FAILED versions: the tag v1.2.4 is not that of version 1.2.3',
    );
    git('tag', 'v1.2.3');
    expect(release([]).rows[0]).toBe('FAILED versions: the tag v1.2.3 is there already');
  });

  test('refuses in a workflow of another repository', () => {
    const refused = release([], { GITHUB_REPOSITORY: 'another/uvnet' });
    expect(refused.rows[1]).toMatch(/^FAILED repository: .*owner\/uvnet\.git, .* another\/uvnet$/);
    const taken = release(['--keep-prebuilds'], { GITHUB_REPOSITORY: 'Owner/uvnet' });
    expect(taken.rows[1]).toMatch(/^ok repository/);
  });

  test('a dry run names what a release would be refused for, and which binaries it cannot pack', () => {
    write('package.json', manifest);
    for (const { name, file } of binaries) {
      if (name === 'darwin-x64') continue;
      write(`prebuilds/${file}`, 'uvnet@1.2.3\0');
      if (name === 'win32-arm64') utimesSync(inFolder('prebuilds', file), 1, 1);
    }
    const { status, rows, stderr } = release(['--dry-run', '--keep-prebuilds']);
    expect(rows).toEqual([
      expect.stringMatching(/^ok versions/),
      expect.stringMatching(
        /^ok repository: a release is refused: package.json has no "repository"/,
      ),
      'FAILED binaries: darwin-x64/node.napi.node is missing',
    ]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr:
        'darwin-x64/node.napi.node is missing\nwin32-arm64/node.napi.node is older than the sources, or of another version\n',
    });
  });
});

const packs = npm === undefined ? test.skip : test;

packs('npm packs every binary of the list (skipped where npm is not beside node)', () => {
  cpSync(at('package.json'), inFolder('package.json'));
  for (const { file } of binaries) write(`prebuilds/${file}`, file);
  const text = execFileSync(
    process.execPath,
    [npm!, 'pack', '--json', '--dry-run', '--ignore-scripts'],
    { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const [{ files }] = JSON.parse(text) as [{ files: { path: string }[] }];
  const packed = files.map(({ path: name }) => name).filter((name) => name.endsWith('.node'));
  expect(packed.sort()).toEqual(binaries.map(({ file }) => `prebuilds/${file}`).sort());
});
