// What npm test makes of a report of jest (scripts/lib/jest-report.mjs).
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');

interface Result {
  passed: number;
  failures: string[];
  skipped: string[];
  apart: string[];
}

/** The result of a run of one file, whose cases are given by name. */
function read(
  platform: NodeJS.Platform,
  { failed = [], pending = [] }: { failed?: string[]; pending?: string[] },
): Result {
  const cases = { failed, pending };
  const report = {
    numPassedTests: 3,
    testResults: [
      {
        name: path.join(root, 'test/net/a.test.ts'),
        status: failed.length > 0 ? 'failed' : 'passed',
        assertionResults: Object.entries(cases).flatMap(([status, names]) =>
          names.map((fullName) => ({ status, fullName })),
        ),
      },
    ],
  };
  const program = `import('./scripts/lib/jest-report.mjs').then(({ readReport }) =>
    console.log(JSON.stringify(readReport(${JSON.stringify(report)}, '${platform}'))))`;
  const output = execFileSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' });
  return JSON.parse(output) as Result;
}

const both = ['a (node:net) fails', 'a (uvnet) fails'];
const file = 'test/net/a.test.ts';

test('on Linux, each case that fails is a failure', () => {
  expect(read('linux', { failed: both })).toEqual({
    passed: 3,
    failures: both.map((name) => `${file}: ${name}`),
    skipped: [],
    apart: [],
  });
});

describe.each(['darwin', 'win32'] as const)('on %s', (platform) => {
  test.each([
    ['fails on node:net, too, is apart', both, both],
    ['fails on node:net alone is apart', ['a (node:net) fails'], ['a (node:net) fails']],
    [
      'fails on uvnet alone is a failure',
      ['a (node:net) fails', 'b (uvnet) fails'],
      ['a (node:net) fails'],
    ],
    ['has no control is a failure', ['a fails'], []],
  ])('a case that %s', (_, failed, apart) => {
    const lines = (names: string[]): string[] => names.map((name) => `${file}: ${name}`);
    expect(read(platform, { failed })).toMatchObject({
      failures: lines(failed.filter((name) => !apart.includes(name))),
      apart: lines(apart),
    });
  });
});

test('a skipped case is counted if its name has a reason', () => {
  const pending = ['a [needs curl: apt-get install curl]', 'b [left out: no signals]', 'c'];
  expect(read('linux', { pending }).skipped).toEqual([
    'needs curl: apt-get install curl',
    'left out: no signals',
  ]);
});
