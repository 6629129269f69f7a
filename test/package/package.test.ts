import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { at, binaryFolder, binaryName, describePackage } from '../helpers/installed-package';
import { brokenLinks } from '../helpers/markdown';
import { needs } from '../helpers/needs';
import { onLinux } from '../helpers/platforms';
import { findRuntime, missingRuntime } from '../helpers/runtimes';

/** The contents of the package, and every way in which a program may use it. */

describePackage('the tarball', (installed) => {
  test('contains what it needs and nothing else', () => {
    const names = installed.files.map(({ path: name }) => name);
    const allowed =
      /^(package\.json|LICENSE|[A-Z]+\.md|docs\/([A-Z_]+\.md|img\/\w+\.svg)|examples\/[\w-]+\.(mjs|md)|bin\/[\w/.-]+\.mjs|dist\/(index|lean|front|promises|register\/index)\.mjs|dist\/register\/thread-hooks\.mjs|dist\/[\w/-]+\.js|dist\/[\w/.-]+\.d\.m?ts|native\/[\w/.-]+\.(cc|h|def|map|json|md|gyp)|bench\/(README\.md|[\w/.-]+\.(mjs|js|c|h))|prebuilds\/[\w/.-]+\.node)$/;
    expect(names.filter((name) => !allowed.test(name))).toEqual([]);
    expect(names).toContain('dist/index.js');
    expect(names).toContain('native/binding.gyp');
    expect(names).toContain(`${binaryFolder}/${binaryName}`);
    expect(
      names.filter((name) => name.startsWith('bench/bin') || name.startsWith('bench/results')),
    ).toEqual([]);
  });

  test('is small', () => {
    console.info(`packed: ${installed.packed} bytes, ${installed.files.length} files`);
    expect(installed.packed).toBeLessThan(2 << 20);
    const code = installed.files.filter(({ path: name }) => /^dist\/.*\.js$/.test(name));
    expect(code.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(500_000);
  });

  // Rollup adds a number to a name that two files of a chunk use, and stack traces would show it.
  test('has functions and classes under the names that they have in the source', () => {
    const renamed = installed.files
      .filter(({ path: name }) => /^dist\/.*\.js$/.test(name))
      .flatMap(({ path: name }) =>
        Array.from(
          readFileSync(at(name), 'utf8').matchAll(/(?:function|class) (\w+\$\d+)/g),
          ([, function_]) => `${name}: ${function_}`,
        ),
      );
    expect(renamed).toEqual([]);
  });

  const echo = `
    const server = net.createServer((socket) => socket.pipe(socket));
    server.listen(0, '127.0.0.1', () => {
      const client = net.connect(server.address().port, '127.0.0.1', () => client.end('hello'));
      client.on('data', (data) => console.log(net.backend, String(data)));
      client.on('close', () => server.close());
    });`;

  test('every link of its pages leads somewhere in it', () => {
    expect(brokenLinks(path.join(installed.project, 'node_modules/uvnet'))).toEqual([]);
  });

  test('require() loads it', () => {
    const { status, stdout, stderr } = installed.program(
      'a.cjs',
      `const net = require('uvnet');${echo}`,
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'native hello\n', stderr: '' });
  });

  test('import gives the instance of require(), by default and by name', () => {
    const { status, stdout, stderr } = installed.program(
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
    const { status, stdout, stderr } = installed.program(
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
    const { status, stdout, stderr } = installed.program(
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
      path.join(installed.project, 'entry.ts'),
      `import net from 'uvnet';
       import { relay } from 'uvnet/lean';
       if (typeof relay !== 'function') throw new Error('no relay');
       ${echo.replace('.port, ', "!['port'], ").replace("'127.0.0.1', () => client", "'localhost', () => client")}`,
    );
    const outfile = path.join(installed.project, `out/bundle.${format === 'cjs' ? 'cjs' : 'mjs'}`);
    const options = {
      absWorkingDir: installed.project,
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
    const { status, stdout, stderr } = installed.node([outfile], installed.scratch);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'native hello\n', stderr: '' });

    // Nor does it matter by which link or name, or from which folder.
    writeFileSync(
      path.join(installed.project, 'out/package.json'),
      JSON.stringify({ main: path.basename(outfile) }),
    );
    const whole = installed.node([path.dirname(outfile)], installed.scratch);
    expect(whole).toMatchObject({ status: 0, stdout: 'native hello\n', stderr: '' });
    // Windows does not allow links to everyone.
    if (process.platform !== 'win32') {
      const link = path.join(installed.scratch, `link-${path.basename(outfile)}`);
      symlinkSync(outfile, link);
      const linked = installed.node([link], installed.bin);
      expect(linked).toMatchObject({ status: 0, stdout: 'native hello\n', stderr: '' });
    }

    // A program in the command line has no folder but the working directory.
    const inline =
      format === 'cjs'
        ? ['-e', `eval(require('node:fs').readFileSync(${JSON.stringify(outfile)}, 'utf8'))`]
        : ['--input-type=module', '-e', `import ${JSON.stringify(pathToFileURL(outfile).href)}`];
    expect(installed.node(inline)).toMatchObject({
      status: 0,
      stdout: 'native hello\n',
      stderr: '',
    });

    // Without a binary, the advice is for a bundle.
    const away = path.join(installed.scratch, `away-${format}`);
    mkdirSync(away);
    const copy = path.join(away, path.basename(outfile));
    cpSync(outfile, copy);
    const alone = installed.node([copy], away);
    expect(alone).toMatchObject({ status: 0, stdout: 'node hello\n' });
    expect(alone.stderr).toContain('--external:uvnet');
    expect(alone.stderr).not.toContain('npx uvnet build');

    cpSync(
      path.join(installed.project, 'node_modules/uvnet/prebuilds'),
      path.join(away, 'prebuilds'),
      {
        recursive: true,
      },
    );
    writeFileSync(path.join(away, 'package.json'), '{}');
    expect(installed.node([copy], away)).toMatchObject({
      status: 0,
      stdout: 'native hello\n',
      stderr: '',
    });
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
          path.join(installed.project, name),
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
      const compilerOptions = {
        ...{ noEmit: true, strict: true, target: 'es2022' },
        module: resolution === 'bundler' ? 'esnext' : 'node16',
        moduleResolution: resolution,
        typeRoots: [at('node_modules/@types')],
        // Since version 6, TypeScript takes only the types that something asks for.
        types: [],
      };
      const project = path.join(installed.project, `tsconfig.${resolution}.json`);
      writeFileSync(project, JSON.stringify({ compilerOptions, files: names }));
      const { status, stdout } = installed.node([
        at('node_modules/typescript/bin/tsc'),
        ...['--project', project],
      ]);
      expect(stdout).toBe('');
      expect(status).toBe(0);
    },
    120_000,
  );

  test.each(['index', 'lean', 'front', 'promises'])(
    'the types of the entry %s ask for those of Node',
    (entry) => {
      expect(readFileSync(at(`dist/${entry}.d.ts`), 'utf8')).toMatch(
        /^\/\/\/ <reference types="node"/,
      );
    },
  );

  test('every type of node:net is exported, and no declaration of uvnet has an error of its own', () => {
    const declarations = readFileSync(at('node_modules/@types/node/net.d.ts'), 'utf8');
    const found = declarations.matchAll(/^ {4}(?:interface|type|class) (\w+)/gm);
    const names = [...new Set([...found].map(([, name]) => name))];
    expect(names).toEqual(expect.arrayContaining(['AddressInfo', 'NetConnectOpts', 'Socket']));
    writeFileSync(
      path.join(installed.project, 'every.mts'),
      `import type { ${names.join(', ')} } from 'uvnet';
       import type * as nodeNet from 'node:net';
       import * as net from 'uvnet';
       import * as lean from 'uvnet/lean';
       export type All = [${names.join(', ')}];
       export const injected: typeof nodeNet = net;
       export const listen = lean.listen;`,
    );
    const { status, stdout } = installed.node([
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
    // TypeScript's old resolution, without `exports`, finds only the first entry point.
    [
      'attw',
      'node_modules/@arethetypeswrong/cli/dist/index.js',
      ['--profile', 'node16'],
      'No problems found',
    ],
  ])(
    '%s finds nothing',
    (_name, script, options, verdict) => {
      const { status, stdout } = installed.node(
        [at(script), ...options, installed.tarball],
        installed.project,
        {
          PATH: `${installed.bin}${path.delimiter}${process.env.PATH}`,
        },
      );
      expect(stdout).toContain(verdict);
      expect(status).toBe(0);
    },
    120_000,
  );

  test('loading it loads no more of Node than it needs', () => {
    const { stdout } = installed.program(
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

  // V8 repeatedly fails to optimise code that calls a constructor which it stores as a dictionary.
  // Tools that keep names with `defineProperty` cause that.
  test('the constructors of handles are fast objects', () => {
    writeFileSync(
      path.join(installed.project, 'fast.cjs'),
      `const net = require('uvnet');
       const server = net.createServer().listen(0, () => {
         const { constructor } = server._handle;
         const parent = Object.getPrototypeOf(constructor);
         console.log(%HasFastProperties(constructor), %HasFastProperties(parent));
         server.close();
       });`,
    );
    const { stdout, stderr } = installed.node(['--allow-natives-syntax', 'fast.cjs']);
    expect({ stdout, stderr }).toEqual({ stdout: 'true true\n', stderr: '' });
  });

  test('is node:net without a fitting binary, with one warning that gives advice', () => {
    writeFileSync(
      path.join(installed.project, 'b.cjs'),
      `const net = require('uvnet');require('uvnet');${echo}`,
    );
    const { status, stdout, stderr } = installed.node(['b.cjs'], installed.project, {
      UVNET_BINDING: '/nonexistent',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'node hello\n' });
    expect(stderr.match(/UvnetWarning/g)).toHaveLength(1);
    expect(stderr).toContain('npx uvnet build');
    const { stdout: plain, stderr: advice } = installed.node(['--no-addons', 'b.cjs']);
    expect(plain).toBe('node hello\n');
    expect(advice).toContain('--allow-addons');
    expect(advice).not.toContain('npx uvnet build');
  });

  onLinux(
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
      writeFileSync(path.join(installed.project, 'r.cjs'), `const net = require('uvnet');${echo}`);
      const args = name === 'deno' ? ['run', '-A', 'r.cjs'] : ['r.cjs'];
      const { status, stdout, stderr } = spawnSync(runtime!, args, {
        cwd: installed.project,
        env: {
          PATH: installed.bin,
          HOME: installed.scratch,
          NO_COLOR: '1',
          DENO_NO_UPDATE_CHECK: '1',
        },
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'node hello\n' });
      expect(stderr).toContain('uvnet falls back to node:net');
    });
  });
});
