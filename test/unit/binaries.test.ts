import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { findLibc } from '../../lib/internal/native/libc';
import { binaries } from '../helpers/binaries';
import { needs } from '../helpers/needs';
import { describeLinux } from '../helpers/platforms';

/** The scripts that look after the binaries of the package, in a folder of their own. */

const root = path.resolve(__dirname, '../..');
let folder: string;

const inFolder = (...parts: string[]): string => path.join(folder, ...parts);

/** Writes a file that was last changed that many hours ago. */
function write(name: string, contents: string | Buffer, hours = 0): void {
  mkdirSync(path.dirname(inFolder(name)), { recursive: true });
  writeFileSync(inFolder(name), contents);
  const time = Date.now() / 1000 - hours * 3600;
  utimesSync(inFolder(name), time, time);
}

/** Runs a program that has the functions of a script; answers what it prints. */
function program(script: string, body: string) {
  const url = JSON.stringify(pathToFileURL(inFolder('scripts/lib', script)));
  const source = `import * as script from ${url};\n${body}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'uvnet-binaries-'));
  cpSync(path.join(root, 'scripts/lib'), inFolder('scripts/lib'), { recursive: true });
  write('package.json', '{"version":"1.2.3"}');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const libc = findLibc();
const own = binaries.find(
  (each) =>
    each.platform === process.platform &&
    each.arch === process.arch &&
    (each.libc === undefined || each.libc === libc),
);
const withOwn = needs(own ? undefined : 'a system for which the package has a binary');

describe('the release workflow', () => {
  const workflow = readFileSync(path.join(root, '.github/workflows/prebuild.yml'), 'utf8');
  const [, build = '', tests = ''] = /\n {2}build:\n([^]*)\n {2}pack:\n([^]*)/.exec(workflow) ?? [];

  test.each(binaries)('builds and uses $name', ({ name }) => {
    const entry = new RegExp(`\\bname: ${name}\\b(?!-)`, 'g');
    expect(build.match(entry)).toHaveLength(1);
    // armv7 has a job of its own.
    expect(tests).toMatch(name === 'linux-arm' ? 'name: test linux-arm,' : entry);
  });
});

describe('the age of a binary', () => {
  const binary = 'uvnet@1.2.3\0';

  test('is compared with that of the sources, for each of them', () => {
    write('native/a.cc', '', 2);
    write('binding.gyp', '', 2);
    for (const { name, file } of binaries) {
      if (name !== 'linux-arm') write(`prebuilds/${file}`, binary, name === 'linux-x64' ? 3 : 1);
    }
    const { stdout, stderr } = program(
      'binaries.mjs',
      `const names = (some) => some.map(({ name }) => name);
       const { binaries, missingBinaries, outdated } = script;
       console.log(JSON.stringify([names(missingBinaries()), names(outdated(binaries))]));`,
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([['linux-arm'], ['linux-x64', 'linux-arm']]);
  });

  test('has nothing to do with the copies in native/, which prepack makes', () => {
    write('native/a.cc', '', 2);
    write('binding.gyp', '', 2);
    write('native/binding.gyp', '');
    write('native/vendor/napi.h', '');
    for (const { file } of binaries) write(`prebuilds/${file}`, binary, 1);
    const { stdout, stderr } = program(
      'binaries.mjs',
      'console.log(script.outdated(script.binaries));',
    );
    expect({ stdout, stderr }).toEqual({ stdout: '[]\n', stderr: '' });
  });

  withOwn('is that of the binary for this system, not of its folder', () => {
    write('native/a.cc', '', 2);
    write('binding.gyp', '', 2);
    const body = `const { ownBinary, outdated } = script;
      console.log(ownBinary.file, outdated([ownBinary]).length);`;
    const { file } = own!;
    write(path.join('prebuilds', path.dirname(file), 'node.napi.other.node'), binary, 1);
    expect(program('binaries.mjs', body).stdout).toBe(`${file} 1\n`);
    write(path.join('prebuilds', file), 'uvnet@1.2.2\0', 1);
    expect(program('binaries.mjs', body).stdout).toBe(`${file} 1\n`);
    write(path.join('prebuilds', file), binary, 1);
    expect(program('binaries.mjs', body).stdout).toBe(`${file} 0\n`);
  });
});

describe('the system of a binary', () => {
  const header = (size: number, ...numbers: [offset: number, bytes: number[]][]): Buffer => {
    const buffer = Buffer.alloc(size);
    for (const [offset, bytes] of numbers) buffer.set(bytes, offset);
    return buffer;
  };
  const elf = (machine: number): Buffer =>
    header(64, [0, [0x7f, 0x45, 0x4c, 0x46]], [18, [machine]]);
  const machO = (processor: number): Buffer =>
    header(64, [0, [0xcf, 0xfa, 0xed, 0xfe]], [4, [processor, 0, 0, 1]]);
  const windows = (...machine: number[]): Buffer =>
    header(256, [0, [0x4d, 0x5a]], [0x3c, [0x80]], [0x80, [0x50, 0x45, 0, 0, ...machine]]);

  test.each<[string, Buffer]>([
    ['linux-x64', elf(62)],
    ['linux-arm64', elf(183)],
    ['linux-arm', elf(40)],
    ['darwin-x64', machO(7)],
    ['darwin-arm64', machO(12)],
    ['win32-x64', windows(0x64, 0x86)],
    ['win32-arm64', windows(0x64, 0xaa)],
    ['undefined', elf(243)],
    ['undefined', Buffer.from('#!/bin/sh\n'.repeat(100))],
    ['undefined', Buffer.from('MZ'.repeat(100))],
    ['undefined', Buffer.alloc(0)],
  ])('is found in its first bytes: %s', (system, bytes) => {
    write('binary', bytes);
    const { stdout, stderr } = program(
      'binary-machine.mjs',
      `console.log(script.machineOf(${JSON.stringify(inFolder('binary'))}));`,
    );
    expect({ stdout, stderr }).toEqual({ stdout: `${system}\n`, stderr: '' });
  });
});

// readelf is part of what a build on Linux needs.
describeLinux('a binary that was built', () => {
  const place = (name: string, built: string, file: string) =>
    program(
      'binary-check.mjs',
      `try {
         script.placeBinary(${JSON.stringify(name)}, ${JSON.stringify(built)}, ${JSON.stringify(file)});
       } catch (error) {
         console.log(error.message);
       }`,
    );
  // Where a prebuilt binary is tested, none was built, or only that of another system.
  const { UVNET_BINDING: given = '' } = process.env;
  const native = given.startsWith(path.join(root, 'prebuilds'))
    ? given
    : path.join(root, 'build/Release/uvnet.node');
  // Checking a binary for musl takes zig.
  const withGlibc = needs(own?.libc === 'glibc' ? undefined : 'glibc, and a binary for it');

  withGlibc('comes into prebuilds/ if it passes', () => {
    const { name, file } = own!;
    expect(place(name, native, file)).toMatchObject({ stdout: '', stderr: '' });
    expect(readFileSync(inFolder('prebuilds', file))).toEqual(readFileSync(native));
    expect(readdirSync(path.dirname(inFolder('prebuilds', file)))).toHaveLength(1);
  });

  withGlibc('leaves no part of it in prebuilds/ if it cannot take its place', () => {
    const { name, file } = own!;
    write(`prebuilds/${file}/in-the-way`, '');
    expect(place(name, native, file).stdout).toMatch(/rename/);
    expect(readdirSync(path.dirname(inFolder('prebuilds', file)))).toEqual([path.basename(file)]);
  });

  withGlibc('does not come into prebuilds/ if it is refused, and what is there stays', () => {
    const { name, file } = own!;
    const large = inFolder('large.node');
    write('large.node', Buffer.concat([readFileSync(native), Buffer.alloc(600_000)]));
    expect(place(name, large, file).stdout).toMatch(/\d bytes, and no more than 600000 are/);
    expect(existsSync(inFolder('prebuilds'))).toBe(false);
    write(`prebuilds/${file}`, 'the old one');
    expect(place(name, large, file).stdout).toMatch(/no more than/);
    expect(readFileSync(inFolder('prebuilds', file), 'utf8')).toBe('the old one');
  });

  test('is refused if it is for another system, or has another name', () => {
    write('text.node', 'not a binary');
    const system = `linux-${process.arch}`;
    for (const { name, file } of binaries.filter(({ libc }) => libc === 'glibc')) {
      expect(place(name, inFolder('text.node'), file).stdout).toMatch(/is for no system known/);
      expect(place(name, native, `${file}.old`).stdout).toContain(`expected as ${file}`);
      if (name !== system) expect(place(name, native, file).stdout).toContain(`is for ${system}`);
    }
    expect(existsSync(inFolder('prebuilds'))).toBe(false);
  });
});
