import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { brokenLinks } from '../helpers/markdown';
import { describeNeeds, missingCommand, needs } from '../helpers/needs';
import { findManager, findRuntime, missingRuntime } from '../helpers/runtimes';

/**
 * What people get: the tarball, installed into an empty folder without registry, cache, install
 * scripts or compiler, and used in every way a program may use it.
 */

const root = path.resolve(__dirname, '../..');
const at = (...parts: string[]): string => path.join(root, ...parts);
const npm = [
  path.join(path.dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
  '/usr/lib/node_modules/npm/bin/npm-cli.js',
  '/usr/share/nodejs/npm/bin/npm-cli.js',
].find((file) => existsSync(file));

let scratch: string;
let project: string;
/** A PATH with nothing but node and sh: nothing can be compiled. */
let bin: string;
let files: { path: string; size: number }[];
let packed: number;
let tarball: string;

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

function node(args: string[], cwd = project, env: Record<string, string> = {}): Result {
  const clean = { PATH: bin, HOME: scratch, TMPDIR: scratch, NO_COLOR: '1', ...env };
  return spawnSync(process.execPath, args, { cwd, env: clean, encoding: 'utf8', timeout: 100_000 });
}

/** Writes a file of the project and runs it. */
function program(name: string, source: string): Result {
  writeFileSync(path.join(project, name), source);
  return node([name]);
}

const isMusl = existsSync('/etc/alpine-release');
const binaryName =
  process.platform === 'linux' ? `node.napi.${isMusl ? 'musl' : 'glibc'}.node` : 'node.napi.node';
const folder = `prebuilds/${process.platform}-${process.arch}`;

const maybe = npm === undefined || process.arch === 'arm' ? describe.skip : describe;

maybe('the tarball (skipped where npm is not beside node)', () => {
  beforeAll(() => {
    scratch = mkdtempSync(path.join(tmpdir(), 'uvnet-package-'));
    project = path.join(scratch, 'project');
    bin = path.join(scratch, 'bin');
    const stage = path.join(scratch, 'stage');
    for (const part of [project, bin, stage]) mkdirSync(part);
    symlinkSync(process.execPath, path.join(bin, 'node'));
    // Package managers run install scripts by it, if there are any.
    if (existsSync('/bin/sh')) symlinkSync('/bin/sh', path.join(bin, 'sh'));
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
    mkdirSync(path.join(stage, folder), { recursive: true });
    cpSync(at('build/Release/uvnet.node'), path.join(stage, folder, binaryName));
    const output = execFileSync(
      process.execPath,
      [npm!, 'pack', '--json', '--ignore-scripts', `--pack-destination=${scratch}`],
      { cwd: stage, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const [report] = JSON.parse(output) as [
      { filename: string; size: number; files: typeof files },
    ];
    ({ files, size: packed } = report);
    writeFileSync(path.join(project, 'package.json'), '{"name":"consumer","private":true}');
    tarball = path.join(scratch, report.filename);
    const options = [
      '--ignore-scripts',
      '--offline',
      `--cache=${scratch}/cache`,
      '--no-audit',
      '--no-fund',
    ];
    const install = node([npm!, 'install', ...options, tarball]);
    if (install.status !== 0) throw new Error(install.stderr);
  }, 120_000);

  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test('contains what it needs and nothing else', () => {
    const names = files.map(({ path: name }) => name);
    const allowed =
      /^(package\.json|LICENSE|[A-Z]+\.md|docs\/([A-Z_]+\.md|img\/\w+\.svg)|examples\/[\w-]+\.(mjs|md)|bin\/[\w/.-]+\.mjs|dist\/(index|lean|register\/index)\.mjs|dist\/register\/thread-hooks\.mjs|dist\/[\w/-]+\.js|dist\/[\w/.-]+\.d\.m?ts|native\/[\w/.-]+\.(cc|h|def|map|json|md|gyp)|bench\/(README\.md|[\w/.-]+\.(mjs|js|c|h))|prebuilds\/[\w/.-]+\.node)$/;
    expect(names.filter((name) => !allowed.test(name))).toEqual([]);
    expect(names).toContain('dist/index.js');
    expect(names).toContain('native/binding.gyp');
    expect(names).toContain(`${folder}/${binaryName}`);
    expect(
      names.filter((name) => name.startsWith('bench/bin') || name.startsWith('bench/results')),
    ).toEqual([]);
  });

  test('is small', () => {
    console.info(`packed: ${packed} bytes, ${files.length} files`);
    expect(packed).toBeLessThan(2 << 20);
    const code = files.filter(({ path: name }) => /^dist\/.*\.js$/.test(name));
    expect(code.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(400_000);
  });

  // Rollup adds a number to a name that two files of a chunk use, and stack traces would show it.
  test('has functions and classes under the names that they have in the source', () => {
    const renamed = files
      .filter(({ path: name }) => /^dist\/.*\.js$/.test(name))
      .flatMap(({ path: name }) =>
        Array.from(
          readFileSync(at(name), 'utf8').matchAll(/(?:function|class) (\w+\$\d+)/g),
          ([, function_]) => `${name}: ${function_}`,
        ),
      );
    expect(renamed).toEqual([]);
  });

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
          const consumer = path.join(scratch, `by-${name}`);
          mkdirSync(consumer);
          const dependencies = { uvnet: `file:${tarball}` };
          writeFileSync(
            path.join(consumer, 'package.json'),
            JSON.stringify({ name: 'consumer', version: '1.0.0', private: true, dependencies }),
          );
          const cache = path.join(scratch, `cache-${name}`);
          const env = { npm_config_cache: cache, YARN_CACHE_FOLDER: cache };
          for (const args of [first, again]) {
            rmSync(path.join(consumer, 'node_modules'), { recursive: true, force: true });
            const { status, stdout, stderr } = node([script!, ...args], consumer, env);
            expect({ status, text: status === 0 ? '' : stdout + stderr }).toEqual({
              status: 0,
              text: '',
            });
            const main = path.join(consumer, 'node_modules/uvnet');
            expect(existsSync(path.join(main, 'build'))).toBe(false);
            expect(node(['-p', "require('uvnet').backend"], consumer).stdout).toBe('native\n');
          }
          const lock = path.join(consumer, 'package-lock.json');
          if (existsSync(lock)) {
            expect(readFileSync(lock, 'utf8')).not.toContain('hasInstallScript');
          }
        },
      );
    }
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
          fs.mkdirSync(out + '/${folder}', { recursive: true });
          fs.copyFileSync(${JSON.stringify(at('build/Release/uvnet.node'))}, out + '/${folder}/${binaryName}');`,
      },
    };
    const npmOptions = ['--offline', '--no-audit', '--no-fund'];
    let clone: string;
    let env: Record<string, string>;

    function installInto(name: string, ...args: string[]): string {
      const consumer = path.join(scratch, name);
      mkdirSync(consumer);
      writeFileSync(path.join(consumer, 'package.json'), '{"name":"consumer","private":true}');
      const { status, stdout, stderr } = node(
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
      clone = path.join(scratch, 'clone');
      env = {
        PATH: `${bin}${path.delimiter}${process.env.PATH}`,
        npm_config_cache: path.join(scratch, 'cache-clone'),
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
      expect(node(['-p', "require('uvnet').backend"], consumer).stdout).toBe('native\n');
      const { status, stdout } = node(['node_modules/uvnet/bin/uvnet.mjs', 'doctor'], consumer);
      expect({ status, stdout }).toMatchObject({ status: 0 });
      expect(stdout).toContain(binaryName);
      const installed = path.join(consumer, 'node_modules/uvnet');
      expect(existsSync(path.join(installed, 'binding.gyp'))).toBe(false);
      expect(existsSync(path.join(installed, 'native/vendor/napi.h'))).toBe(true);
      expect(existsSync(path.join(clone, 'dist'))).toBe(false);
    });

    test('an install in the clone reports that it is not built; a project that links it builds it', () => {
      const own = node([npm!, 'install', ...npmOptions], clone, env);
      expect(own.status).toBe(0);
      expect(existsSync(path.join(clone, 'prebuilds'))).toBe(false);
      const notice = `uvnet is not built: run "npm run build" in ${clone}`;
      for (const command of ['doctor', 'proxy', 'bench']) {
        expect(node(['bin/uvnet.mjs', command], clone)).toMatchObject({
          status: 1,
          stdout: '',
          stderr: `uvnet ${command}: ${notice}\n`,
        });
      }
      expect(node(['bin/uvnet.mjs', '--version'], clone).status).toBe(0);
      for (const entry of ['uvnet', 'uvnet/lean', 'uvnet/register']) {
        expect(node(['-e', `require('${entry}')`], clone).stderr).toContain(`Error: ${notice}\n`);
        expect(
          node(['--input-type=module', '-e', `await import('${entry}')`], clone).stderr,
        ).toContain(`Error: ${notice}\n`);
      }

      const consumer = installInto('by-folder', clone);
      expect(node(['-p', "require('uvnet').backend"], consumer).stdout).toBe('native\n');
    });

    test('a missing compiler only leaves out the binary and prints a line', () => {
      rmSync(path.join(clone, 'prebuilds'), { recursive: true, force: true });
      writeFileSync(path.join(clone, 'stand-ins/prebuildify/bin.js'), 'process.exitCode = 1');
      const { status, stderr } = node(['scripts/prepare.mjs'], clone, {
        ...env,
        INIT_CWD: project,
      });
      expect(status).toBe(0);
      expect(stderr.split('\n').filter((line) => line.startsWith('uvnet: '))).toHaveLength(1);
      expect(stderr).toContain('npx uvnet build');
    });
  });

  const echo = `
    const server = net.createServer((socket) => socket.pipe(socket));
    server.listen(0, '127.0.0.1', () => {
      const client = net.connect(server.address().port, '127.0.0.1', () => client.end('hello'));
      client.on('data', (data) => console.log(net.backend, String(data)));
      client.on('close', () => server.close());
    });`;

  test('every link of its pages leads somewhere in it', () => {
    expect(brokenLinks(path.join(project, 'node_modules/uvnet'))).toEqual([]);
  });

  test('require() loads it', () => {
    const { status, stdout, stderr } = program('a.cjs', `const net = require('uvnet');${echo}`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'native hello\n', stderr: '' });
  });

  test('import gives the instance of require(), by default and by name', () => {
    const { status, stdout, stderr } = program(
      'a.mjs',
      `import net, { createServer, Socket } from 'uvnet';
       import { createRequire } from 'node:module';
       if (createServer !== net.createServer) throw new Error('two servers');
       if (createRequire(import.meta.url)('uvnet').Socket !== Socket) throw new Error('two copies');
       ${echo}`,
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'native hello\n', stderr: '' });
  });

  test('uvnet/lean loads by require() and import, on the same native code', () => {
    const { status, stdout, stderr } = program(
      'lean.mjs',
      `import * as imported from 'uvnet/lean';
       import { createRequire } from 'node:module';
       const required = createRequire(import.meta.url)('uvnet/lean');
       const names = Object.keys(required);
       console.log(names.length > 0 && names.every((name) => imported[name] === required[name]));`,
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'true\n', stderr: '' });
  });

  test('worker threads load it', () => {
    const { status, stdout, stderr } = program(
      'worker.cjs',
      `const { Worker, isMainThread } = require('node:worker_threads');
       const net = require('uvnet');
       if (isMainThread) new Worker(__filename);
       ${echo}`,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe('native hello\nnative hello\n');
  });

  test.each(['cjs', 'esm'])('esbuild bundles it into a program (%s)', (format) => {
    writeFileSync(
      path.join(project, 'entry.ts'),
      `import net from 'uvnet';
       import { relay } from 'uvnet/lean';
       if (typeof relay !== 'function') throw new Error('no relay');
       ${echo.replace('.port, ', "!['port'], ").replace("'127.0.0.1', () => client", "'localhost', () => client")}`,
    );
    const outfile = path.join(project, `out/bundle.${format === 'cjs' ? 'cjs' : 'mjs'}`);
    const options = {
      absWorkingDir: project,
      entryPoints: ['entry.ts'],
      bundle: true,
      platform: 'node',
      logLevel: 'error',
      format,
      outfile,
    };
    execFileSync(process.execPath, [
      '-e',
      `require(${JSON.stringify(at('node_modules/esbuild'))}).buildSync(${JSON.stringify(options)})`,
    ]);
    // The binary is that of the installed package, wherever the program is started.
    const { status, stdout, stderr } = node([outfile], scratch);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'native hello\n', stderr: '' });

    // Where there is none, the advice is for a bundle.
    const away = path.join(scratch, `away-${format}`);
    mkdirSync(away);
    const copy = path.join(away, path.basename(outfile));
    cpSync(outfile, copy);
    const alone = node([copy], away);
    expect(alone).toMatchObject({ status: 0, stdout: 'node hello\n' });
    expect(alone.stderr).toContain('--external:uvnet');
    expect(alone.stderr).not.toContain('npx uvnet build');

    cpSync(path.join(project, 'node_modules/uvnet/prebuilds'), path.join(away, 'prebuilds'), {
      recursive: true,
    });
    writeFileSync(path.join(away, 'package.json'), '{}');
    expect(node([copy], away)).toMatchObject({ status: 0, stdout: 'native hello\n', stderr: '' });
  });

  test.each([
    ['node16', ['a.mts', 'b.cts']],
    ['bundler', ['c.ts']],
  ])(
    'types are found with resolution %s',
    (resolution, names) => {
      for (const name of names) {
        const line = name.endsWith('.cts')
          ? "import net = require('uvnet');"
          : "import net, { createServer } from 'uvnet';\nvoid createServer;";
        writeFileSync(
          path.join(project, name),
          `${line}
        import type { ServerOptions } from 'uvnet';
        const options: ServerOptions = { pauseOnConnect: true };
        const server: net.Server = net.createServer(options, (socket: net.Socket) => {
          socket.end();
        });
        export const backend: 'native' | 'node' = net.backend;
        server.close();`,
        );
      }
      const { status, stdout } = node([
        at('node_modules/typescript/bin/tsc'),
        ...['--noEmit', '--strict', '--target', 'es2022', '--types', 'node'],
        ...['--module', resolution === 'bundler' ? 'esnext' : 'node16'],
        ...['--moduleResolution', resolution, '--typeRoots', at('node_modules/@types'), ...names],
      ]);
      expect(stdout).toBe('');
      expect(status).toBe(0);
    },
    120_000,
  );

  test('every type of node:net is exported, and no declaration of uvnet has an error of its own', () => {
    const declarations = readFileSync(at('node_modules/@types/node/net.d.ts'), 'utf8');
    const found = declarations.matchAll(/^ {4}(?:interface|type|class) (\w+)/gm);
    const names = [...new Set([...found].map(([, name]) => name))];
    expect(names).toEqual(expect.arrayContaining(['AddressInfo', 'NetConnectOpts', 'Socket']));
    writeFileSync(
      path.join(project, 'every.mts'),
      `import type { ${names.join(', ')} } from 'uvnet';
       import type * as nodeNet from 'node:net';
       import * as net from 'uvnet';
       import * as lean from 'uvnet/lean';
       export type All = [${names.join(', ')}];
       export const injected: typeof nodeNet = net;
       export const listen = lean.listen;`,
    );
    const { status, stdout } = node([
      at('node_modules/typescript/bin/tsc'),
      ...['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'],
      ...['--skipLibCheck', 'false', '--target', 'es2022', '--types', 'node'],
      ...['--module', 'node16', '--moduleResolution', 'node16'],
      ...['--typeRoots', at('node_modules/@types'), 'every.mts'],
    ]);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  }, 120_000);

  test.each([
    ['publint', 'node_modules/publint/src/cli.js', [], 'All good'],
    // TypeScript's resolution of before `exports` finds no entry points but the first.
    [
      'attw',
      'node_modules/@arethetypeswrong/cli/dist/index.js',
      ['--profile', 'node16'],
      'No problems found',
    ],
  ])(
    '%s finds nothing',
    (_name, script, options, verdict) => {
      const { status, stdout } = node([at(script), ...options, tarball], project, {
        PATH: `${bin}${path.delimiter}${process.env.PATH}`,
      });
      expect(stdout).toContain(verdict);
      expect(status).toBe(0);
    },
    120_000,
  );

  test('loading it loads no more of Node than it needs', () => {
    const { stdout } = program(
      'loaded.cjs',
      `const before = new Set(process.moduleLoadList);
       require('uvnet');
       console.log(process.moduleLoadList.filter((name) => !before.has(name)).join('\\n'));
       console.log(Object.keys(require.cache).filter((name) => name.includes('node_modules')).length);`,
    );
    expect(stdout).not.toMatch(
      /NativeModule (cluster|crypto|dns|child_process|worker_threads|http|tls)$/m,
    );
    // index.js, base.js and net.js of dist/, and the binary.
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('4');
  });

  // V8 gives up, again and again, to optimise code that constructs with a constructor it keeps as a
  // dictionary. Tools that keep names by `defineProperty` make one.
  test('the constructors of handles are fast objects', () => {
    writeFileSync(
      path.join(project, 'fast.cjs'),
      `const net = require('uvnet');
       const server = net.createServer().listen(0, () => {
         const { constructor } = server._handle;
         const parent = Object.getPrototypeOf(constructor);
         console.log(%HasFastProperties(constructor), %HasFastProperties(parent));
         server.close();
       });`,
    );
    const { stdout, stderr } = node(['--allow-natives-syntax', 'fast.cjs']);
    expect({ stdout, stderr }).toEqual({ stdout: 'true true\n', stderr: '' });
  });

  test('is node:net without a fitting binary, with one warning that gives advice', () => {
    writeFileSync(
      path.join(project, 'b.cjs'),
      `const net = require('uvnet');require('uvnet');${echo}`,
    );
    const { status, stdout, stderr } = node(['b.cjs'], project, { UVNET_BINDING: '/nonexistent' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'node hello\n' });
    expect(stderr.match(/UvnetWarning/g)).toHaveLength(1);
    expect(stderr).toContain('npx uvnet build');
    const { stdout: plain, stderr: advice } = node(['--no-addons', 'b.cjs']);
    expect(plain).toBe('node hello\n');
    expect(advice).toContain('--allow-addons');
    expect(advice).not.toContain('npx uvnet build');
  });

  const linux = process.platform === 'linux' ? test : test.skip;

  linux(
    'has a binary that fits old systems and exports only its entry point (readelf: Linux)',
    () => {
      const script = `import { checkSymbols } from ${JSON.stringify(at('scripts/lib/symbols.mjs'))};
      console.log(JSON.stringify(checkSymbols(process.argv[1])));`;
      const output = execFileSync(
        process.execPath,
        ['--input-type=module', '-e', script, at('build/Release/uvnet.node')],
        { encoding: 'utf8' },
      );
      expect(JSON.parse(output)).toEqual([]);
    },
  );

  describe.each(['bun', 'deno'] as const)('%s', (name) => {
    const runtime = findRuntime(name);
    needs(missingRuntime(runtime, name))('falls back to node:net', () => {
      writeFileSync(path.join(project, 'r.cjs'), `const net = require('uvnet');${echo}`);
      const args = name === 'deno' ? ['run', '-A', 'r.cjs'] : ['r.cjs'];
      const { status, stdout, stderr } = spawnSync(runtime!, args, {
        cwd: project,
        env: { PATH: bin, HOME: scratch, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'node hello\n' });
      expect(stderr).toContain('uvnet falls back to node:net');
    });
  });

  describe('the command uvnet', () => {
    const uvnet = (...args: string[]): Result =>
      node(['node_modules/uvnet/bin/uvnet.mjs', ...args]);

    test('doctor reports what is in use', () => {
      const { status, stdout } = uvnet('doctor', '--json');
      const report = JSON.parse(stdout) as Record<string, unknown>;
      expect(report).toMatchObject({
        ok: true,
        backend: 'native',
        selfTest: { tcp: 'ok', local: 'ok' },
      });
      expect(report.libuv).toBe(process.versions.uv);
      expect(report.binary).toContain(path.join(folder, binaryName));
      expect(status).toBe(0);
      expect(uvnet('doctor').stdout).toContain("uvnet's native code");
    });

    test('doctor gives the reason if there is no native code, and exits with 1', () => {
      const { status, stdout } = node(
        ['node_modules/uvnet/bin/uvnet.mjs', 'doctor', '--json'],
        project,
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
      const npmHome = path.join(scratch, 'npm');
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
      const home = path.join(project, 'node_modules/uvnet');
      const { status, stdout } = node([path.join(home, 'bin/uvnet.mjs'), 'build'], project, {
        npm_execpath: path.join(npmHome, 'bin/npm-cli.js'),
      });
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
      expect(uvnet('bench', '--fast').stderr).toMatch(/^uvnet bench: .*--fast.*\n$/);
    });

    test('bench reports a missing native code in one line', () => {
      const { status, stdout, stderr } = node(
        ['--no-warnings', 'node_modules/uvnet/bin/uvnet.mjs', 'bench'],
        project,
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
});
