// Builds dist/ from lib/: the declarations with tsc, the code with Rollup.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { version } from './binary-version.mjs';
import { at, CommandError, runModule } from './tools.mjs';

// Loaded when needed: the scripts run before node_modules exists.
const require = createRequire(import.meta.url);

/** The entry points, each as a CommonJS module and as an ES module that re-exports it. */
export const ENTRIES = ['index', 'lean', 'front', 'promises', 'register/index'];

/** ES modules without a CommonJS module of the same name. What they import is a chunk below. */
const HOOKS = ['register/thread-hooks'];

/**
 * The files whose contents are fixed here, because each further file takes a third of a millisecond.
 * `net` is the native backend; `base` is what the entries and the fallback use without it. Every
 * program loads these two. A file that is loaded by `require` is a chunk of its own.
 */
const CHUNKS = {
  base: [
    'backend',
    'internal/base/abort',
    'internal/base/errors',
    'internal/base/system-errors',
    'internal/base/ip',
    'internal/base/made-by',
    'internal/base/node-object',
    'internal/base/parts',
    'internal/base/timers',
    'internal/base/validators',
    'internal/options/near-names',
    'internal/options/own-options',
    'internal/options/socket-option-names',
    // A module of Node goes into the chunk that uses it; other users would load that chunk.
    'node:buffer',
    'node:diagnostics_channel',
  ],
  net: ['net'],
  'internal/block-list/socket-address': ['internal/block-list/socket-address'],
  parts: ['\0parts'],
  // What the fallback of uvnet/promises needs too, and the rest, which needs the native code.
  'lean/options': [
    'lean/connection/async-dispose',
    'lean/options/framing',
    'lean/options/option-names',
  ],
  'lean/functions': ['lean/functions'],
  'register/packages': ['register/packages', 'node:worker_threads'],
};

/**
 * Parts that share a chunk, because a server needs all of them when it starts to listen, and each
 * further file takes half a millisecond. Parts that clients need have a chunk of their own.
 */
const PARTS = [
  'addresses',
  'internal/listen/listening',
  'internal/transfer/functions',
  'received-descriptor',
];

/** The name under which the chunk of the parts exports one of them. */
const nameOfPart = (part) => part.split('/').at(-2) ?? part.replace('-', '_');

const source = (name) => at(`lib/${name}.ts`);

/** The name of a module of CHUNKS in Rollup's graph. */
function idOf(name) {
  if (name.startsWith('\0')) return name;
  return name.startsWith('node:') ? `\0${name}` : source(name);
}

/** TypeScript to JavaScript without comments. */
function transpile(file) {
  const ts = require('typescript');
  const { config } = ts.readConfigFile(at('tsconfig.base.json'), ts.sys.readFile);
  const compilerOptions = { ...config.compilerOptions, module: 'esnext', removeComments: true };
  const code = readFileSync(file, 'utf8');
  return ts.transpileModule(code, { fileName: file, compilerOptions }).outputText;
}

/** Lets Rollup read TypeScript, and turn a `require` of a file in lib/ into one of a chunk. */
const typescript = {
  name: 'typescript',
  resolveId(id, importer) {
    if (id === '\0parts') return id;
    if (id.startsWith('.')) return path.resolve(path.dirname(importer), `${id}.ts`);
    // Asked of the process: a program that is bundled as an ES module has no require().
    return id.startsWith('node:') ? { id: `\0${id}`, syntheticNamedExports: true } : null;
  },
  load(file) {
    if (file.startsWith('\0node:')) {
      const name = JSON.stringify(file.slice(1));
      return `export default process.getBuiltinModule?.(${name}) ?? require(${name});`;
    }
    if (file === '\0parts') {
      const lines = PARTS.map((part) => `export * as ${nameOfPart(part)} from '${source(part)}';`);
      return lines.join('\n');
    }
    const code = transpile(file).replace(/\brequire\('[./]+package\.json'\)\.version/, () =>
      JSON.stringify(version),
    );
    return code.replace(/\brequire\('(\.[^']+)'\)/g, (_, target) => {
      const id = path.resolve(path.dirname(file), `${target}.ts`);
      const name = path.relative(at('lib'), id).slice(0, -'.ts'.length);
      const shared = PARTS.includes(name);
      const chunk = shared ? { id: '\0parts', name: 'parts' } : { id, name };
      const made = this.emitFile({ type: 'chunk', preserveSignature: 'allow-extension', ...chunk });
      return `require(import.meta.ROLLUP_FILE_URL_${made})${shared ? `.${nameOfPart(name)}` : ''}`;
    });
  },
  resolveFileUrl({ relativePath }) {
    return JSON.stringify(relativePath.startsWith('.') ? relativePath : `./${relativePath}`);
  },
};

/**
 * Tells Rollup the chunk of a module: the first in CHUNKS that has it or imports it. Rollup's own
 * order of the chunks depends on how fast their files were read.
 */
function chunkOf() {
  const chunks = new Map();
  return (id, { getModuleInfo }) => {
    const assign = (module, name) => {
      if (chunks.has(module)) return;
      chunks.set(module, name);
      for (const imported of getModuleInfo(module).importedIds) assign(imported, name);
    };
    if (chunks.size === 0) {
      const named = Object.entries(CHUNKS).map(([name, files]) => [name, files.map(idOf)]);
      for (const [name, files] of named) for (const file of files) chunks.set(file, name);
      for (const [name, files] of named) {
        for (const file of files) {
          for (const imported of getModuleInfo(file)?.importedIds ?? []) assign(imported, name);
        }
      }
    }
    return chunks.get(id);
  };
}

/** A chunk that Rollup makes has the name of its last file, which uses the others. */
function chunkFileName({ name, moduleIds }) {
  const last = moduleIds.at(-1);
  if (name in CHUNKS || !last.endsWith('.ts')) return '[name].js';
  return `${path.relative(at('lib'), last).slice(0, -'.ts'.length)}.js`;
}

async function bundle() {
  const build = await require('rollup').rollup({
    input: Object.fromEntries(ENTRIES.map((name) => [name, source(name)])),
    plugins: [typescript],
    onwarn({ message }) {
      throw new CommandError(`rollup: ${message}`);
    },
  });
  await build.write({
    dir: at('dist'),
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: chunkFileName,
    manualChunks: chunkOf(),
    // Exports are plain properties: compiled code treats them as constants, and programs may patch
    // them like those of `net`.
    externalLiveBindings: false,
    esModule: false,
    generatedCode: { preset: 'es2015', symbols: false },
    // The namespace of a Node module is the module itself, not a copy.
    interop: 'esModule',
    // A chunk does not load what only its imports need.
    hoistTransitiveImports: false,
  });
  await build.close();
}

/** Checks the types, writes the declarations, and then the code. */
export async function buildDist() {
  // A file that lib/ no longer has would stay.
  rmSync(at('dist'), { recursive: true, force: true });
  runModule('typescript/bin/tsc', ['-p', 'tsconfig.json', '--emitDeclarationOnly']);
  await bundle();
  for (const name of [...ENTRIES, ...HOOKS]) {
    writeFileSync(at(`dist/${name}.mjs`), transpile(at(`lib/${name}.mts`)));
  }
}
