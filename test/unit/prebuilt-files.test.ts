import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { findLibc, type ProgramFacts } from '../../lib/internal/native/libc';
import { prebuiltFiles, unfitProcessor } from '../../lib/internal/native/prebuilt-name';
import { onLinux } from '../helpers/platforms';

/** Which of the prebuilt binaries the loader tries, by what is known about the running Node. */

const facts = (head: string, header?: object): ProgramFacts => ({
  head: () => head,
  reportHeader: () => header,
});
const withoutReport = (head: string): ProgramFacts => ({
  head: () => head,
  reportHeader() {
    throw new Error('the report takes milliseconds');
  },
});

describe('the C library is the one', () => {
  test.each([
    ['/lib64/ld-linux-x86-64.so.2', 'glibc'],
    ['/lib/ld-linux-aarch64.so.1', 'glibc'],
    ['/lib/ld-linux-armhf.so.3', 'glibc'],
    ['/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2', 'glibc'],
    ['/lib/ld-musl-x86_64.so.1', 'musl'],
    ['/lib/ld-musl-aarch64.so.1', 'musl'],
  ])('of the loader that the program names, without a report (%s: %s)', (loader, libc) => {
    expect(findLibc(withoutReport(`\x7fELF\x02\x01\0${loader}\0`))).toBe(libc);
  });

  test('that the report names, if the program names no loader', () => {
    expect(findLibc(facts('\x7fELF', { glibcVersionRuntime: '2.36' }))).toBe('glibc');
    expect(findLibc(facts('\x7fELF', { nodejsVersion: 'v20.0.0' }))).toBe('musl');
  });

  test('that the report names, if the program cannot be read', () => {
    const unreadable = {
      ...facts('', { glibcVersionRuntime: '2.36' }),
      head() {
        throw new Error('no /proc');
      },
    };
    expect(findLibc(unreadable)).toBe('glibc');
  });

  test('neither, without both', () => {
    expect(findLibc(facts(''))).toBeUndefined();
    expect(findLibc(withoutReport(''))).toBeUndefined();
  });
});

onLinux('the loader and the scripts, which ask the report, find the same C library', () => {
  const file = JSON.stringify(path.resolve(__dirname, '../../scripts/lib/binaries.mjs'));
  const isMusl = execFileSync(process.execPath, [
    ...['--input-type=module', '-e'],
    `import { isMusl } from ${file}; console.log(isMusl);`,
  ]).toString();
  expect(isMusl).toBe(`${findLibc() === 'musl'}\n`);
});

test('only the binary of a known C library is tried', () => {
  expect(prebuiltFiles('linux', 'x64', 'musl')).toEqual(['linux-x64/node.napi.musl.node']);
  expect(prebuiltFiles('linux', 'arm', 'glibc')).toEqual(['linux-arm/node.napi.armv7.glibc.node']);
  expect(prebuiltFiles('win32', 'x64', undefined)).toEqual(['win32-x64/node.napi.node']);
});

test('of an unknown C library, the binary is tried first that the other one refuses', () => {
  expect(prebuiltFiles('linux', 'arm64', undefined)).toEqual([
    'linux-arm64/node.napi.musl.node',
    'linux-arm64/node.napi.glibc.node',
  ]);
});

describe('a Node for ARM', () => {
  test.each(['6', 6, '5'])('of version %p gets no binary of ARMv7', (version) => {
    expect(unfitProcessor('arm', { variables: { arm_version: version } })).toBe(
      `is for ARMv7, and this Node for ARMv${version}`,
    );
  });

  test.each(['7', '8', 'default', undefined])('of version %p gets it', (version) => {
    expect(unfitProcessor('arm', { variables: { arm_version: version } })).toBeUndefined();
  });
});

test('no other processor has a version of ARM', () => {
  expect(unfitProcessor('arm64', { variables: { arm_version: '6' } })).toBeUndefined();
  expect(unfitProcessor('x64', {})).toBeUndefined();
  expect(unfitProcessor('x64', undefined)).toBeUndefined();
});
