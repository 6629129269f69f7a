// The package of the users: the tarball, installed into an empty folder without registry, cache,
// install scripts or compiler, and used in every way in which a program may use it.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { findLibc } from '../../lib/internal/native/libc';
import { prebuiltFiles } from '../../lib/internal/native/prebuilt-name';

const root = path.resolve(__dirname, '../..');
/** A file of this repository. */
export const at = (...parts: string[]): string => path.join(root, ...parts);

/** The command of npm, if it is beside node. */
export const npm = [
  path.join(path.dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
  '/usr/lib/node_modules/npm/bin/npm-cli.js',
  '/usr/share/nodejs/npm/bin/npm-cli.js',
].find((file) => existsSync(file));

/** The prebuilt binary of this platform, and its folder in the package. */
const prebuilt = prebuiltFiles(process.platform, process.arch, findLibc())[0]!;
export const binaryName = path.basename(prebuilt);
export const binaryFolder = `prebuilds/${path.dirname(prebuilt)}`;

export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface PackedFile {
  path: string;
  size: number;
}

/** The package as it is installed in a project. */
export class InstalledPackage {
  scratch!: string;
  project!: string;
  /** A PATH with nothing but node and sh: nothing can be compiled. */
  bin!: string;
  files!: PackedFile[];
  /** The size of the tarball. */
  packed!: number;
  tarball!: string;

  install(): void {
    // Programs say their real paths; the folder may be a link, as on macOS, or have short names, as on Windows.
    this.scratch = mkdtempSync(path.join(realpathSync.native(tmpdir()), 'uvnet-package-'));
    this.project = path.join(this.scratch, 'project');
    this.bin = path.join(this.scratch, 'bin');
    const stage = path.join(this.scratch, 'stage');
    for (const part of [this.project, this.bin, stage]) mkdirSync(part);
    symlinkSync(process.execPath, path.join(this.bin, 'node'));
    // Package managers run install scripts by it, if there are any.
    if (existsSync('/bin/sh')) symlinkSync('/bin/sh', path.join(this.bin, 'sh'));
    // The release build stands in for the prebuilt binary, which is the same build.
    for (const part of [
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'docs',
      'examples',
      'bin',
      'dist',
      'native',
      'bench',
      'lib',
      'test/helpers',
      'scripts',
    ]) {
      cpSync(at(part), path.join(stage, part), { recursive: true });
    }
    // As scripts/prepack.mjs does it.
    cpSync(at('binding.gyp'), path.join(stage, 'native/binding.gyp'));
    cpSync(at('node_modules/node-addon-api'), path.join(stage, 'native/vendor'), {
      recursive: true,
      filter: (file) => !path.extname(file) || /napi(-inl)?\.h$|LICENSE\.md$/.test(file),
    });
    mkdirSync(path.join(stage, binaryFolder), { recursive: true });
    cpSync(at('build/Release/uvnet.node'), path.join(stage, binaryFolder, binaryName));
    const output = execFileSync(
      process.execPath,
      [npm!, 'pack', '--json', '--ignore-scripts', `--pack-destination=${this.scratch}`],
      { cwd: stage, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const [report] = JSON.parse(output) as [
      { filename: string; size: number; files: PackedFile[] },
    ];
    ({ files: this.files, size: this.packed } = report);
    writeFileSync(path.join(this.project, 'package.json'), '{"name":"consumer","private":true}');
    this.tarball = path.join(this.scratch, report.filename);
    const options = [
      '--ignore-scripts',
      '--offline',
      `--cache=${this.scratch}/cache`,
      '--no-audit',
      '--no-fund',
    ];
    const install = this.node([npm!, 'install', ...options, this.tarball]);
    if (install.status !== 0) throw new Error(install.stderr);
  }

  remove(): void {
    rmSync(this.scratch, { recursive: true, force: true });
  }

  node(args: string[], cwd = this.project, env: Record<string, string> = {}): Result {
    const { bin, scratch } = this;
    const clean = { PATH: bin, HOME: scratch, TMPDIR: scratch, NO_COLOR: '1', ...env };
    return spawnSync(process.execPath, args, {
      cwd,
      env: clean,
      encoding: 'utf8',
      timeout: 100_000,
    });
  }

  /** Writes a file of the project and runs it. */
  program(name: string, source: string): Result {
    writeFileSync(path.join(this.project, name), source);
    return this.node([name]);
  }
}

const maybe = npm === undefined || process.arch === 'arm' ? describe.skip : describe;

/** Tests of the package, which is installed for them. */
export function describePackage(name: string, body: (installed: InstalledPackage) => void): void {
  maybe(`${name} (skipped where npm is not beside node)`, () => {
    const installed = new InstalledPackage();
    beforeAll(() => installed.install(), 120_000);
    afterAll(() => installed.remove());
    body(installed);
  });
}
