import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { binaries, type Binary } from '../helpers/binaries';
import { at, binaryFolder, binaryName, describePackage, npm } from '../helpers/installed-package';
import { describeNeeds, missingCommand, needs } from '../helpers/needs';
import { findManager, missingRuntime } from '../helpers/runtimes';

/** Installation of the package in a project, from its tarball or from a clone. */

describePackage('the package', (installed) => {
  describe('is installed without compiling', () => {
    const npmOptions = ['--offline', '--no-audit', '--no-fund'];
    const managers: [name: string, script: string | undefined, first: string[], again: string[]][] =
      [
        ['npm', npm, ['install', ...npmOptions], ['ci', ...npmOptions]],
        [
          'pnpm',
          findManager('pnpm', 'bin/pnpm.cjs'),
          ['install', '--offline', '--no-frozen-lockfile'],
          ['install', '--offline', '--frozen-lockfile'],
        ],
        [
          'yarn',
          findManager('yarn', 'bin/yarn.js'),
          ['install', '--offline', '--non-interactive'],
          ['install', '--offline', '--non-interactive', '--frozen-lockfile'],
        ],
      ];

    for (const [name, script, first, again] of managers) {
      needs(missingRuntime(script, name))(
        `${name} installs it, and installs it again from its lock file`,
        () => {
          const consumer = path.join(installed.scratch, `by-${name}`);
          mkdirSync(consumer);
          const dependencies = { uvnet: `file:${installed.tarball}` };
          writeFileSync(
            path.join(consumer, 'package.json'),
            JSON.stringify({ name: 'consumer', version: '1.0.0', private: true, dependencies }),
          );
          const cache = path.join(installed.scratch, `cache-${name}`);
          const env = { npm_config_cache: cache, YARN_CACHE_FOLDER: cache };
          for (const args of [first, again]) {
            rmSync(path.join(consumer, 'node_modules'), { recursive: true, force: true });
            const { status, stdout, stderr } = installed.node([script!, ...args], consumer, env);
            expect({ status, text: status === 0 ? '' : stdout + stderr }).toEqual({
              status: 0,
              text: '',
            });
            const main = path.join(consumer, 'node_modules/uvnet');
            expect(existsSync(path.join(main, 'build'))).toBe(false);
            expect(installed.node(['-p', "require('uvnet').backend"], consumer).stdout).toBe(
              'native\n',
            );
          }
          const lock = path.join(consumer, 'package-lock.json');
          if (existsSync(lock)) {
            expect(readFileSync(lock, 'utf8')).not.toContain('hasInstallScript');
          }
        },
      );
    }
  });

  test('scripts/try-tarball.mjs installs it, uses it, and names the binary that was in use', () => {
    const { status, stdout, stderr } = installed.node(
      [at('scripts/try-tarball.mjs'), installed.tarball],
      installed.scratch,
      { npm_execpath: npm! },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`Node ${process.versions.node}, libuv ${process.versions.uv}`);
    expect(stdout).toContain(`${binaryFolder}/${binaryName}`);
  });

  describeNeeds(missingCommand('git'))('is a clone', () => {
    // Stand-ins for the development dependencies: the real ones would come from the registry. tsc only
    // writes declarations, and node-gyp would compile for half a minute.
    const standIns: Record<string, Record<string, string>> = {
      typescript: {
        'index.js': `module.exports = require(${JSON.stringify(at('node_modules/typescript'))})`,
        'bin/tsc': '',
      },
      rollup: {
        'index.js': `module.exports = require(${JSON.stringify(at('node_modules/rollup'))})`,
      },
      'node-addon-api': { 'napi.h': '', 'napi-inl.h': '', 'LICENSE.md': '' },
      prebuildify: {
        'bin.js': `const fs = require('node:fs');
          const out = process.argv.find((arg) => arg.startsWith('--out=')).slice(6);
          fs.mkdirSync(out + '/${binaryFolder}', { recursive: true });
          fs.copyFileSync(${JSON.stringify(at('build/Release/uvnet.node'))}, out + '/${binaryFolder}/${binaryName}');`,
      },
    };
    const npmOptions = ['--offline', '--no-audit', '--no-fund'];
    let clone: string;
    let env: Record<string, string>;

    function installInto(name: string, ...args: string[]): string {
      const consumer = path.join(installed.scratch, name);
      mkdirSync(consumer);
      writeFileSync(path.join(consumer, 'package.json'), '{"name":"consumer","private":true}');
      const { status, stdout, stderr } = installed.node(
        [npm!, 'install', ...npmOptions, ...args],
        consumer,
        env,
      );
      expect({ status, text: status === 0 ? '' : stdout + stderr }).toEqual({
        status: 0,
        text: '',
      });
      return consumer;
    }

    beforeAll(() => {
      clone = path.join(installed.scratch, 'clone');
      env = {
        PATH: `${installed.bin}${path.delimiter}${process.env.PATH}`,
        npm_config_cache: path.join(installed.scratch, 'cache-clone'),
      };
      for (const part of ['lib', 'native', 'bin', 'bench', 'scripts']) {
        cpSync(at(part), path.join(clone, part), {
          recursive: true,
          filter: (file) => !/native.(vendor|binding\.gyp)|bench.(bin|results)/.test(file),
        });
      }
      for (const part of ['.gitignore', 'binding.gyp', 'tsconfig.json', 'tsconfig.base.json']) {
        cpSync(at(part), path.join(clone, part));
      }
      const devDependencies: Record<string, string> = {};
      for (const [name, contents] of Object.entries(standIns)) {
        const stub = path.join(clone, 'stand-ins', name);
        const files = { 'package.json': JSON.stringify({ name, version: '1.0.0' }), ...contents };
        for (const [file, text] of Object.entries(files)) {
          mkdirSync(path.dirname(path.join(stub, file)), { recursive: true });
          writeFileSync(path.join(stub, file), text);
        }
        devDependencies[name] = `file:stand-ins/${name}`;
      }
      const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8')) as object;
      writeFileSync(
        path.join(clone, 'package.json'),
        JSON.stringify({ ...manifest, devDependencies }),
      );
      const git = ['-c', 'user.name=uvnet', '-c', 'user.email=uvnet@localhost'];
      for (const args of [
        ['init', '-q'],
        ['add', '.'],
        [...git, 'commit', '-q', '-m', 'all'],
      ]) {
        execFileSync('git', args, { cwd: clone });
      }
    });

    test('npm builds the clone when it is installed by its git URL', () => {
      const consumer = installInto('by-git', `git+file://${clone}`);
      expect(installed.node(['-p', "require('uvnet').backend"], consumer).stdout).toBe('native\n');
      const { status, stdout } = installed.node(
        ['node_modules/uvnet/bin/uvnet.mjs', 'doctor'],
        consumer,
      );
      expect({ status, stdout }).toMatchObject({ status: 0 });
      expect(stdout).toContain(binaryName);
      const home = path.join(consumer, 'node_modules/uvnet');
      expect(existsSync(path.join(home, 'binding.gyp'))).toBe(false);
      expect(existsSync(path.join(home, 'native/vendor/napi.h'))).toBe(true);
      expect(existsSync(path.join(clone, 'dist'))).toBe(false);
    });

    test('an install in the clone reports that it is not built; a project that links it builds it', () => {
      const own = installed.node([npm!, 'install', ...npmOptions], clone, env);
      expect(own.status).toBe(0);
      expect(existsSync(path.join(clone, 'prebuilds'))).toBe(false);
      const notice = `uvnet is not built: run "npm run build" in ${clone}`;
      for (const command of ['doctor', 'proxy', 'bench']) {
        expect(installed.node(['bin/uvnet.mjs', command], clone)).toMatchObject({
          status: 1,
          stdout: '',
          stderr: `uvnet ${command}: ${notice}\n`,
        });
      }
      expect(installed.node(['bin/uvnet.mjs', '--version'], clone).status).toBe(0);
      for (const entry of [
        'uvnet',
        'uvnet/lean',
        'uvnet/front',
        'uvnet/promises',
        'uvnet/register',
      ]) {
        expect(installed.node(['-e', `require('${entry}')`], clone).stderr).toContain(
          `Error: ${notice}\n`,
        );
        expect(
          installed.node(['--input-type=module', '-e', `await import('${entry}')`], clone).stderr,
        ).toContain(`Error: ${notice}\n`);
      }

      const consumer = installInto('by-folder', clone);
      expect(installed.node(['-p', "require('uvnet').backend"], consumer).stdout).toBe('native\n');
    });

    test('a missing compiler only leaves out the binary and prints a line', () => {
      rmSync(path.join(clone, 'prebuilds'), { recursive: true, force: true });
      writeFileSync(path.join(clone, 'stand-ins/prebuildify/bin.js'), 'process.exitCode = 1');
      const { status, stderr } = installed.node(['scripts/prepare.mjs'], clone, {
        ...env,
        INIT_CWD: installed.project,
      });
      expect(status).toBe(0);
      expect(stderr.split('\n').filter((line) => line.startsWith('uvnet: '))).toHaveLength(1);
      expect(stderr).toContain('npx uvnet build');
    });

    test('the release packs the binaries it is given: none is built, and none may be missing', () => {
      rmSync(path.join(clone, 'dist'), { recursive: true, force: true });
      const fileOf = (binary: Binary): string => path.join(clone, 'prebuilds', binary.file);
      for (const file of binaries.map(fileOf)) {
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, 'given');
        // Long before the sources.
        utimesSync(file, 1, 1);
      }
      const prepack = () =>
        installed.node(['scripts/prepack.mjs'], clone, { ...env, UVNET_GIVEN_BINARIES: '1' });
      // Where one would be built, the stand-in for prebuildify fails, and there would be a line.
      expect(prepack()).toMatchObject({ status: 0, stderr: '' });
      expect(existsSync(path.join(clone, 'dist/index.js'))).toBe(true);
      for (const file of binaries.map(fileOf)) expect(readFileSync(file, 'utf8')).toBe('given');

      rmSync(path.join(clone, 'prebuilds', binaryFolder.slice('prebuilds/'.length)), {
        recursive: true,
      });
      const { status, stderr } = prepack();
      expect(status).toBe(1);
      expect(stderr).toContain(
        `error: prebuilds/ lacks ${binaryFolder.slice('prebuilds/'.length)}`,
      );
      expect(existsSync(path.join(clone, binaryFolder))).toBe(false);
    });
  });
});
