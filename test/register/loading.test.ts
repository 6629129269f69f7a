// The code that gets uvnet through uvnet/register, and how.
import { cpSync } from 'node:fs';
import path from 'node:path';

import { buildSync } from 'esbuild';

import { Project } from '../helpers/project';

/** Packages in the formats that there are; `backend` is undefined on node:net. */
const packages = {
  'node_modules/by-require/package.json': '{"name":"by-require"}',
  'node_modules/by-require/index.js': "exports.got = require('net').backend;",
  'node_modules/@scope/by-import/package.json':
    '{"name":"@scope/by-import","type":"module","exports":"./index.js"}',
  'node_modules/@scope/by-import/index.js':
    "import * as net from 'node:net'; export const got = net.default.backend;",
};

const commonjs = `
const got = {
  'net': require('net'),
  'node:net': require('node:net'),
  createRequire: require('node:module').createRequire(__filename)('net'),
  getBuiltinModule: process.getBuiltinModule?.('net') ?? require('net'),
};
for (const name in got) got[name] = got[name].backend;
got.dependency = require('by-require').got;
got.same = require('net') === require('uvnet');
void (async () => {
  got.import = (await import('node:net')).default.backend;
  got.module = (await import('@scope/by-import')).got;
  console.log(JSON.stringify(got));
})();
`;

const esm = `
import net, { connect, BlockList } from 'net';
import * as all from 'node:net';
import { createRequire } from 'node:module';
import { got as required } from 'by-require';
import { got as imported } from '@scope/by-import';
const require = createRequire(import.meta.url);
const later = await import('net');
const got = {
  default: net.backend,
  named: connect === net.connect && BlockList === net.BlockList && 'native',
  'node:net': all.backend,
  later: later.backend,
  createRequire: require('node:net').backend,
  required,
  imported,
};
console.log(JSON.stringify(got));
`;

const native = (...names: string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, 'native']));

const fromCommonjs = {
  ...native(
    'net',
    'node:net',
    'createRequire',
    'getBuiltinModule',
    'dependency',
    'import',
    'module',
  ),
  same: true,
};
const fromModule = native(
  ...['default', 'named', 'node:net', 'later', 'createRequire', 'required', 'imported'],
);

let project: Project;
beforeAll(() => {
  project = new Project({ ...packages, 'program.cjs': commonjs, 'program.mjs': esm });
});
afterAll(() => project.remove());

async function printed(args: string[], env?: Record<string, string>): Promise<unknown> {
  const { stdout, stderr, code, signal } = await project.run(args, env);
  expect({ stderr, code, signal }).toEqual({ stderr: '', code: 0, signal: null });
  return JSON.parse(stdout) as unknown;
}

const ways: [way: string, args: string[], env: Record<string, string>][] = [
  ['--import', ['--import', 'uvnet/register'], {}],
  ['-r', ['-r', 'uvnet/register'], {}],
  ['NODE_OPTIONS=--import', [], { NODE_OPTIONS: '--import uvnet/register' }],
  ['NODE_OPTIONS=-r', [], { NODE_OPTIONS: '-r uvnet/register' }],
];

describe.each(ways)('with %s', (_way, args, env) => {
  test('a CommonJS program gets uvnet in every way of requesting net', async () => {
    expect(await printed([...args, 'program.cjs'], env)).toEqual(fromCommonjs);
  });

  test('an ES module gets uvnet in every way of requesting net', async () => {
    expect(await printed([...args, 'program.mjs'], env)).toEqual(fromModule);
  });

  test('workers and forked processes get it too', async () => {
    project.write({
      'threads.cjs': `
        const { Worker } = require('node:worker_threads');
        const { fork } = require('node:child_process');
        const { once } = require('node:events');
        void (async () => {
          await once(new Worker('./program.cjs'), 'exit');
          await once(new Worker('./program.mjs'), 'exit');
          await once(fork('./program.cjs'), 'exit');
          await once(fork('./program.mjs'), 'exit');
        })();`,
    });
    const { stdout, stderr, code } = await project.run([...args, 'threads.cjs'], env);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      fromCommonjs,
      fromModule,
      fromCommonjs,
      fromModule,
    ]);
  });
});

test.each([
  ['--require', true],
  // Node itself does not load these modules there.
  ['--import', false],
])('in a worker whose program is a text, %s: %s', async (flag, expected) => {
  project.write({
    'text.cjs': `
      const { Worker } = require('node:worker_threads');
      new Worker("console.log(require('net').backend === 'native')", { eval: true });`,
  });
  const { stdout } = await project.run([flag, 'uvnet/register', 'text.cjs']);
  expect(stdout).toBe(`${expected}\n`);
});

test("Node's own modules keep node:net", async () => {
  project.write({
    'http.mjs': `
      import http from 'node:http';
      import net from 'node:net';
      const server = http.createServer((request, response) => response.end());
      server.listen(0, '127.0.0.1', () => {
        http.get({ port: server.address().port, agent: false }, (response) => {
          const isOwn = Object.prototype.isPrototypeOf.call(net.Socket.prototype, response.socket);
          console.log(JSON.stringify({ isOwn, backend: net.backend }));
          response.resume();
          server.close();
        });
      });`,
  });
  expect(await printed(['--import', 'uvnet/register', 'http.mjs'])).toEqual({
    isOwn: false,
    backend: 'native',
  });
});

test('a test of node --test gets uvnet', async () => {
  project.write({
    'own.test.mjs': `
      import { test } from 'node:test';
      import { backend } from 'net';
      test('asks for net', () => console.log('backend', backend));`,
  });
  const { stdout, code } = await project.run([
    ...['--import', 'uvnet/register', '--test', '--test-reporter=spec', 'own.test.mjs'],
  ]);
  expect(code).toBe(0);
  expect(stdout).toContain('backend native');
});

test.each(['cjs', 'esm'] as const)('a bundle (%s) gets uvnet', async (format) => {
  project.write({
    'entry.mjs': "import net from 'net'; console.log(JSON.stringify(net.backend));",
  });
  const outfile = `bundled.${format === 'esm' ? 'mjs' : 'cjs'}`;
  const entryPoints = [path.join(project.folder, 'entry.mjs')];
  buildSync({
    entryPoints,
    bundle: true,
    platform: 'node',
    format,
    outfile: path.join(project.folder, outfile),
  });
  expect(await printed(['--import', 'uvnet/register', outfile])).toBe('native');
});

// uvnet must not get uvnet. Its classes show which module it used as Node's.
describe('another copy of uvnet has the net of Node', () => {
  const compare = (copy: string): string => `
    const copy = require(${JSON.stringify(copy)});
    const net = require('net');
    console.log(JSON.stringify({
      backend: copy.backend,
      isCopy: copy !== net,
      takesOursForNodes: new net.Socket() instanceof copy.Socket,
    }));`;
  const apart = { backend: 'native', isCopy: true, takesOursForNodes: false };
  const root = path.resolve(__dirname, '../..');

  test('if it is installed', async () => {
    const copy = path.join(project.folder, 'node_modules/holder/node_modules/uvnet');
    for (const part of ['package.json', 'dist', 'build/Release/uvnet.node']) {
      cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
    }
    project.write({ 'copy.cjs': compare(copy) });
    expect(await printed(['--import', 'uvnet/register', 'copy.cjs'])).toEqual(apart);
  });

  test('if it is bundled', async () => {
    buildSync({
      entryPoints: [path.join(root, 'dist/index.js')],
      bundle: true,
      platform: 'node',
      outfile: path.join(project.folder, 'bundle.cjs'),
    });
    project.write({ 'bundled.cjs': compare('./bundle.cjs') });
    expect(await printed(['--import', 'uvnet/register', 'bundled.cjs'])).toEqual(apart);
  });
});

describe('packages that are left out', () => {
  const ask = `
    import net from 'net';
    import { got as required } from 'by-require';
    import { got as imported } from '@scope/by-import';
    console.log(JSON.stringify({ program: net.backend ?? 'node', required: required ?? 'node', imported: imported ?? 'node' }));`;
  beforeAll(() => project.write({ 'ask.mjs': ask }));

  test('are named by UVNET_REGISTER_EXCLUDE', async () => {
    const env = { UVNET_REGISTER_EXCLUDE: 'by-require, @scope/by-import' };
    expect(await printed(['--import', 'uvnet/register', 'ask.mjs'], env)).toEqual({
      program: 'native',
      required: 'node',
      imported: 'node',
    });
  });

  test('are those that register({ exclude }) names', async () => {
    project.write({
      'with-exclude.mjs':
        "import { register } from 'uvnet/register'; register({ exclude: ['by-require'] });",
    });
    expect(await printed(['--import', './with-exclude.mjs', 'ask.mjs'])).toEqual({
      program: 'native',
      required: 'node',
      imported: 'native',
    });
  });

  test('are all but those that register({ include }) names', async () => {
    project.write({
      'with-include.cjs': "require('uvnet/register').register({ include: ['@scope/by-import'] });",
    });
    expect(await printed(['-r', './with-include.cjs', 'ask.mjs'])).toEqual({
      program: 'node',
      required: 'node',
      imported: 'native',
    });
  });

  test('are a program by the name in its package.json', async () => {
    project.write({
      'app/package.json': '{"name":"the-app"}',
      'app/lib/main.cjs': `console.log(JSON.stringify([
        require('net').backend ?? 'node', process.getBuiltinModule?.('net').backend ?? 'node']))`,
    });
    const env = { UVNET_REGISTER_EXCLUDE: 'the-app' };
    expect(await printed(['-r', 'uvnet/register', 'app/lib/main.cjs'], env)).toEqual([
      'node',
      'node',
    ]);
  });
});

test('unregister() gives Node its net back, and register() works again', async () => {
  project.write({
    'undo.cjs': `
      const before = { getBuiltinModule: process.getBuiltinModule, load: require('node:module')._load };
      const { register, unregister } = require('uvnet/register');
      const got = [];
      const ask = async (name) => {
        const { default: imported } = await import('net');
        got.push(require('net').backend ?? 'node', imported.backend ?? 'node');
        got.push((process.getBuiltinModule ?? require)('net').backend ?? 'node');
      };
      void (async () => {
        register();
        register();
        await ask();
        unregister();
        unregister();
        await ask();
        got.push(process.getBuiltinModule === before.getBuiltinModule);
        got.push(require('node:module')._load === before.load);
        register();
        await ask();
        console.log(JSON.stringify(got));
      })();`,
  });
  const three = (name: string): string[] => [name, name, name];
  expect(await printed(['undo.cjs'])).toEqual([
    ...three('native'),
    ...three('node'),
    true,
    true,
    ...three('native'),
  ]);
});

test('register() refuses values that are not names, and keeps what was registered', async () => {
  project.write({
    'refused.cjs': `
      const { register } = require('uvnet/register');
      const codes = [null, 7, { include: 'ws' }, { exclude: [1] }].map((options) => {
        try { register(options); } catch ({ code, name }) { return code; }
      });
      console.log(JSON.stringify([...codes, require('net').backend]));`,
  });
  expect(await printed(['refused.cjs'])).toEqual([
    ...Array.from({ length: 4 }, () => 'ERR_INVALID_ARG_TYPE'),
    'native',
  ]);
});

test('hooks that other code has installed over ours still work after unregister()', async () => {
  project.write({
    'hooked.cjs': `
      const { register, unregister } = require('uvnet/register');
      const Module = require('node:module');
      const { _load } = Module;
      const seen = [];
      Module._load = function (id, ...rest) { seen.push(id); return _load.call(this, id, ...rest); };
      const first = require('net').backend;
      unregister();
      console.log(JSON.stringify([first, require('net').backend ?? 'node', seen]));`,
  });
  expect(await printed(['hooked.cjs'])).toEqual(['native', 'node', ['net', 'net']]);
});
