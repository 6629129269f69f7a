import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');

const run = (script: string, ...args: string[]) => {
  const file = path.join(root, 'scripts', script);
  return spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' });
};

describe.each([
  ['test-arm64.mjs', '--node'],
  ['test-shared-libuv.mjs', '--suite'],
  ['test-windows.mjs', '--node'],
])('scripts/%s', (script, option) => {
  test('--reasons prints what is left out, with the reason, and runs nothing', () => {
    const { status, stdout, stderr } = run(script, '--reasons');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => !/^\S.*: \S/.test(line))).toEqual([]);
  });

  test('a version that it does not know is refused', () => {
    const { status, stdout, stderr } = run(script, option, '19');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^error: ${option} 19: not one of \\w+, \\w+\n$`));
  });
});
