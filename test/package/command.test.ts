import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import {
  at,
  binaryFolder,
  binaryName,
  describePackage,
  type Result,
} from '../helpers/installed-package';

/** The command `uvnet` of the package. */

describePackage('the command uvnet', (installed) => {
  const uvnet = (...args: string[]): Result =>
    installed.node(['node_modules/uvnet/bin/uvnet.mjs', ...args]);

  test('doctor reports what is in use', () => {
    const { status, stdout } = uvnet('doctor', '--json');
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      ok: true,
      backend: 'native',
      selfTest: { tcp: 'ok', local: 'ok' },
    });
    expect(report.libuv).toBe(process.versions.uv);
    expect(report.binary).toContain(path.join(binaryFolder, binaryName));
    expect(status).toBe(0);
    expect(uvnet('doctor').stdout).toContain("uvnet's native code");
  });

  test('doctor gives the reason if there is no native code, and exits with 1', () => {
    const { status, stdout } = installed.node(
      ['node_modules/uvnet/bin/uvnet.mjs', 'doctor', '--json'],
      installed.project,
      { UVNET_BINDING: '/nonexistent' },
    );
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      backend: 'node',
      selfTest: { tcp: 'ok' },
    });
    expect((JSON.parse(stdout) as { reason: string }).reason).toContain(
      '/nonexistent: does not exist',
    );
    expect(status).toBe(1);
  });

  test('build compiles the sources in the package, and the loader uses the result', () => {
    // A stand-in for node-gyp, where uvnet looks for the one that comes with npm.
    const npmHome = path.join(installed.scratch, 'npm');
    const nodeGyp = path.join(npmHome, 'node_modules/node-gyp/bin/node-gyp.js');
    mkdirSync(path.dirname(nodeGyp), { recursive: true });
    writeFileSync(
      nodeGyp,
      `const fs = require('node:fs');
       process.chdir(process.argv[process.argv.indexOf('-C') + 1]);
       const gyp = fs.readFileSync('binding.gyp', 'utf8');
       const { sources } = require(fs.realpathSync('native/sources.json'));
       const missing = [...sources, 'native/vendor/napi.h'].filter((file) => !fs.existsSync(file));
       console.log(JSON.stringify({ target: /target_name': '(\\w+)'/.exec(gyp)[1], missing }));
       fs.mkdirSync('build/Release', { recursive: true });
       fs.copyFileSync(${JSON.stringify(at('build/Release/uvnet.node'))}, 'build/Release/uvnet.node');`,
    );
    const home = path.join(installed.project, 'node_modules/uvnet');
    const { status, stdout } = installed.node(
      [path.join(home, 'bin/uvnet.mjs'), 'build'],
      installed.project,
      {
        npm_execpath: path.join(npmHome, 'bin/npm-cli.js'),
      },
    );
    try {
      expect(JSON.parse(stdout.split('\n')[0])).toEqual({ target: 'uvnet', missing: [] });
      expect(status).toBe(0);
      const { binary } = JSON.parse(uvnet('doctor', '--json').stdout) as { binary: string };
      expect(binary).toBe(path.join(home, 'build/Release/uvnet.node'));
      expect(existsSync(path.join(home, 'binding.gyp'))).toBe(false);
    } finally {
      rmSync(path.join(home, 'build'), { recursive: true, force: true });
    }
  });

  test('a local build of another version is passed over for the prebuilt binary', () => {
    const home = path.join(installed.project, 'node_modules/uvnet');
    const { version } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')) as {
      version: string;
    };
    const binary = readFileSync(at('build/Release/uvnet.node'));
    const named = `uvnet@${version}\0`;
    // Of the same length.
    binary.write(named.replaceAll(/\d/g, '9'), binary.indexOf(named), 'latin1');
    mkdirSync(path.join(home, 'build/Release'), { recursive: true });
    writeFileSync(path.join(home, 'build/Release/uvnet.node'), binary);
    try {
      const report = JSON.parse(uvnet('doctor', '--json').stdout) as { binary: string };
      expect(report.binary).toBe(path.join(home, binaryFolder, binaryName));
    } finally {
      rmSync(path.join(home, 'build'), { recursive: true, force: true });
    }
  });

  test('commands print their help, and wrong usage is reported', () => {
    for (const args of [[], ['doctor'], ['build'], ['proxy'], ['bench']]) {
      const { status, stdout, stderr } = uvnet(...args, '-h');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(uvnet(...args, '--help').stdout).toBe(stdout);
      expect(stdout.split(' [')[0]).toContain(['Usage: uvnet', ...args].join(' '));
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
    expect(uvnet('-v').stdout).toBe(uvnet('--version').stdout);
    expect(uvnet()).toMatchObject({ status: 2, stdout: '' });
    expect(uvnet('brew').stderr).toContain('unknown command brew');
    expect(uvnet('doctor', '--xml').status).toBe(2);
    expect(uvnet('build', '--fast').status).toBe(2);
    expect(uvnet('bench', '--pairs', 'many')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: 'uvnet bench: --pairs many: expected an integer above 0; see uvnet bench --help\n',
    });
    expect(uvnet('bench', '--baseline', '.')).toMatchObject({
      status: 2,
      stderr: 'uvnet bench: --baseline .: no such module; see uvnet bench --help\n',
    });
    expect(uvnet('bench', '--fast').stderr).toMatch(/^uvnet bench: .*--fast.*\n$/);
  });

  test('bench reports a missing native code in one line', () => {
    const { status, stdout, stderr } = installed.node(
      ['--no-warnings', 'node_modules/uvnet/bin/uvnet.mjs', 'bench'],
      installed.project,
      { UVNET_BINDING: '/nonexistent' },
    );
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr: 'uvnet bench: the native code is not in use; see uvnet doctor\n',
    });
  });

  test('bench finds its files', () => {
    const { status, stdout } = uvnet('bench', '--list');
    expect(status).toBe(0);
    expect(stdout).toContain('echo');
  });
});
