// What counts as a failure on other platforms: not what node:net fails there, too (scripts/lib/controls.mjs).
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');

function failedInControl(names: string[]): string[] {
  const program = `import('./scripts/lib/controls.mjs').then(({ failedInControl }) =>
    console.log(JSON.stringify(failedInControl(${JSON.stringify(names)}))))`;
  const output = execFileSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' });
  return JSON.parse(output) as string[];
}

test.each([
  ['that fails on both', ['a (node:net) fails', 'a (uvnet) fails'], ['a (uvnet) fails']],
  ['that fails on uvnet alone', ['a (node:net) fails', 'b (uvnet) fails'], []],
  ['that fails on node:net alone', ['a (node:net) fails'], []],
  ['that has no control', ['a fails'], []],
])('a case %s', (_, names, expected) => {
  expect(failedInControl(names)).toEqual(expected);
});
