// The lists of what is left out on other platforms (scripts/lib/*-left-out.mjs): each entry still leaves something out.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { addonEnvironment } from '../helpers/child';
import { onLinuxAsRoot } from '../helpers/platforms';

interface List {
  leftOutFiles: { what: string; why: string }[];
  leftOut: { file: string; what: string; why: string }[];
}

interface Report {
  testResults: {
    name: string;
    assertionResults: { ancestorTitles: string[]; title: string }[];
  }[];
}

const root = path.resolve(__dirname, '../..');
const files = readdirSync(path.join(root, 'scripts/lib')).filter((name) =>
  name.endsWith('-left-out.mjs'),
);

function read(file: string): List {
  const program = `import('./scripts/lib/${file}').then(({ leftOut, leftOutFiles }) =>
    console.log(JSON.stringify({ leftOut, leftOutFiles })))`;
  const output = execFileSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' });
  return JSON.parse(output) as List;
}

/** The names of the cases of test files, which are loaded and not run. */
function casesOf(tests: string[]): Map<string, string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-left-out-'));
  const report = path.join(folder, 'report.json');
  const collect = ['--collectTests', '--json', `--outputFile=${report}`, '--runInBand'];
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  try {
    execFileSync(process.execPath, [jest, ...collect, '--runTestsByPath', ...tests], {
      cwd: root,
      env: addonEnvironment,
      stdio: 'ignore',
    });
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    return new Map(
      testResults.map(({ name, assertionResults }) => [
        path.relative(root, name),
        assertionResults.map(({ ancestorTitles, title }) => [...ancestorTitles, title].join(' › ')),
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const lists = files.map(read);

test('a case that is left out is skipped, with the reason in its name', () => {
  const { leaveOut } = jest.requireActual<{ leaveOut: (block: object, list: object[]) => void }>(
    '../helpers/left-out.cjs',
  );
  const root = { children: [] as object[] };
  const suite = { type: 'describeBlock', name: 'suite', parent: root, children: [] as object[] };
  const cases = ['works', 'fails', 'is skipped'].map((name) => ({
    type: 'test',
    name,
    parent: suite,
    mode: name === 'is skipped' ? 'skip' : undefined,
  }));
  suite.children.push(...cases);
  root.children.push(suite);
  leaveOut(root, [
    { what: '^suite › fails', why: 'no signals' },
    { what: 'skipped', why: 'no files' },
  ]);
  expect(cases.map(({ name, mode }) => [name, mode])).toEqual([
    ['works', undefined],
    ['fails [left out: no signals]', 'skip'],
    ['is skipped', 'skip'],
  ]);
});

test('every list is found', () => {
  expect(files).toEqual([
    'arm64-left-out.mjs',
    'macos-left-out.mjs',
    'shared-libuv-left-out.mjs',
    'windows-left-out.mjs',
  ]);
});

test('each file and folder that is left out exists', () => {
  const names = lists.flatMap(({ leftOutFiles, leftOut }) => [
    ...leftOutFiles.map(({ what }) => what),
    ...leftOut.map(({ file }) => file),
  ]);
  expect(names.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
});

// Elsewhere, jest itself leaves them out. Only root may set some socket options, and has cases for them.
onLinuxAsRoot(
  'each case that is left out exists',
  () => {
    const entries = lists.flatMap(({ leftOut }) => leftOut);
    const cases = casesOf([...new Set(entries.map(({ file }) => file))]);
    const idle = entries.filter(
      ({ file, what }) => !cases.get(file)?.some((name) => new RegExp(what).test(name)),
    );
    expect(idle).toEqual([]);
  },
  300_000,
);
