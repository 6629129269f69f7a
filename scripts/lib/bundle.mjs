// Makes dist/ out of lib/: the code as one file, the declarations file by file.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { at, CommandError, runModule } from './tools.mjs';

// Loaded when needed: the scripts run before node_modules exists.
const require = createRequire(import.meta.url);

/**
 * What all code is compiled with. One file because each file more costs a tenth of a millisecond
 * and more to find and read; without the spaces of a page because those are read too. Names stay:
 * programs print them, and they are what a stack trace is for.
 */
const options = {
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  // lib/index.ts sets module.exports on purpose.
  logOverride: { 'commonjs-variable-in-esm': 'silent' },
};

/**
 * A namespace import of a module of Node's becomes the module itself. The copy that the bundler
 * makes for modules it does not know has a getter for each name, and touches every one.
 */
function plainBuiltins(code) {
  const plain = code.replace(/__toESM\((require\("node:[a-z_/]+"\))\)/g, '$1');
  if (/\bimport_node_\w+\.default\b/.test(plain)) {
    throw new CommandError("lib/: import modules of Node's by name or as a namespace, not default");
  }
  return plain;
}

/** Calls `inspect` with each node of the code's syntax tree. */
function walk(code, inspect) {
  const ts = require('typescript');
  const visit = (node) => {
    inspect(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('index.js', code, ts.ScriptTarget.ES2022, true));
}

/** The code with other text, or none, in some places: [from, to, instead] each. */
function edited(code, edits) {
  let result = '';
  let done = 0;
  for (const [from, to, instead = ''] of edits.sort(([a], [b]) => a - b)) {
    result += code.slice(done, from) + instead;
    done = to;
  }
  return result + code.slice(done);
}

/**
 * The bundler notes every function's name with a call, also where the language gives the same name
 * by itself, and for closures that is a call each time one is made. Those calls are taken out; what
 * is left is what was renamed because two files use one name. A closure that was renamed has to do
 * without: naming it makes a dictionary of it, each time.
 */
function withoutNeedlessNames(code) {
  const ts = require('typescript');
  /** What is left out: [from, to] each. */
  const cuts = [];
  const cut = (from, to) => cuts.push([from, to]);

  /** The name that the language gives to an anonymous function or class standing there. */
  const inferred = ({ parent }) => {
    if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) {
      return parent.name.text;
    }
    const assigned = ts.isBinaryExpression(parent) && ts.isIdentifier(parent.left);
    return assigned ? parent.left.text : undefined;
  };

  /** Whether code is in a function of ours, and not just in the one around each file's code. */
  const isNested = (node) => {
    let functions = 0;
    for (let each = node.parent; each !== undefined; each = each.parent) {
      if (ts.isFunctionLike(each)) functions += 1;
    }
    return functions > 1;
  };

  const inspect = (call) => {
    const [target, { text: name }] = call.arguments;
    const { parent } = call;
    if (ts.isIdentifier(target)) {
      if (target.text !== name) return;
      if (ts.isExpressionStatement(parent)) cut(parent.getStart(), parent.end);
      else cut(call.getStart(), call.end);
      // An operand is left empty by that: a zero costs nothing.
      if (!ts.isExpressionStatement(parent)) cuts.at(-1).push('0');
    } else if (target.kind === ts.SyntaxKind.ThisKeyword) {
      const block = parent.parent.parent;
      const owner = block.parent;
      if ((owner.name?.text ?? inferred(owner)) === name) cut(block.getStart(), block.end);
    } else if (isNested(call) || (target.name?.text ?? inferred(call)) === name) {
      cut(call.getStart(), target.getStart());
      cut(target.end, call.end);
    }
  };
  walk(code, (node) => {
    if (ts.isCallExpression(node) && node.expression.getText() === '__name') inspect(node);
  });
  return edited(code, cuts);
}

/**
 * A line for each statement and member of a class: what Node prints of code that threw is its line.
 */
function inLines(code) {
  const ts = require('typescript');
  const starts = new Set();
  walk(code, (node) => {
    if ((ts.isStatement(node) && !ts.isBlock(node)) || ts.isClassElement(node)) {
      starts.add(node.getStart());
    }
  });
  starts.delete(0);
  return edited(
    code,
    [...starts].map((start) => [start, start, '\n']),
  );
}

/** One file out of an entry and all it imports, but for what `external` names. */
function build(entry, external) {
  const { outputFiles, metafile } = require('esbuild').buildSync({
    ...options,
    ...(typeof entry === 'string' ? { entryPoints: [entry] } : { stdin: entry }),
    absWorkingDir: at('.'),
    external,
    bundle: true,
    metafile: true,
    outdir: 'dist',
    write: false,
  });
  const [{ inputs }] = Object.values(metafile.outputs);
  return { code: plainBuiltins(outputFiles[0].text), files: Object.keys(inputs) };
}

const join = (entry, ...external) => build(entry, external).code;

const BINDING = 'lib/internal/native/binding.ts';
const CORE = 'lib/net.ts';
/** Instead of the core where that cannot be loaded; a file of its own in dist/later. */
const FALLBACK = 'lib/fallback/index.ts';
/** What lib/internal/later.ts loads: a file in dist/later each, and the rest is the core. */
const PARTS = {
  addresses: 'lib/addresses.ts',
  lean: 'lib/lean/implementation.ts',
  moves: 'lib/internal/transfer/moves.ts',
  dialling: 'lib/internal/connect/dialling.ts',
  options: 'lib/internal/options/option-methods.ts',
};

/** Replaces what has to be there, once. */
function replaceOnce(code, pattern, replacement) {
  if (code.split(pattern).length === 1) {
    throw new CommandError(`scripts/lib/bundle.mjs: the bundler no longer writes ${pattern}`);
  }
  return code.replace(pattern, replacement);
}

/** The getters in which a bundler exports names; to be replaced where all names have their value. */
const exportedGetters =
  /__export\(\w+_exports,\{([^}]*)\}\);module\.exports=__toCommonJS\(\w+_exports\);/;
/** The names once more, for those who look for them without running the code. */
const exportedNames = /0&&\(module\.exports=(\{[^}]*\})\);\n?$/;

/** The code without its exports, and these as `name:value` each. */
function splitExports(code) {
  const [, getters] = exportedGetters.exec(code);
  const rest = replaceOnce(replaceOnce(code, exportedGetters, ''), exportedNames, '');
  return { code: rest, values: getters.replaceAll(':()=>', ':').split(',') };
}

/** The binding is the entry's. A constant is what compiled code need not load. */
function withBinding(code) {
  const plain = code
    .replace(/\b(import_binding\d*)=require\("[^"]*\/binding\.ts"\)/g, '$1')
    .replace(/\bimport_binding\d*\.binding\b/g, 'uvnetBinding');
  if (/\bimport_binding\d*\./.test(plain)) {
    throw new CommandError("lib/: only the entry may use binding.ts's other exports");
  }
  return plain;
}

/** The files that make up the core: all that it imports, and what several parts have in common. */
function coreFiles() {
  const parts = Object.values(PARTS);
  const outside = (file) =>
    [BINDING, ...parts].filter((each) => each !== file).map((each) => `./${each}`);
  const core = new Set(build(CORE, outside(CORE)).files);
  const seen = new Set();
  for (const part of parts) {
    const own = build(part, [...outside(part), ...[...core].map((file) => `./${file}`)]).files;
    for (const file of own) (seen.has(file) ? core : seen).add(file);
  }
  return core;
}

/**
 * A part that is loaded later, as a file that exports one function: of what it uses of the core, to
 * its own exports. `shared` collects what that is.
 */
function joinPart(part, core, shared) {
  const external = [BINDING, ...core].map((file) => `./${file}`);
  const { code: whole, values } = splitExports(join(part, ...external));
  let code = withBinding(whole);
  /** Files of the core by the name under which this part imports them. */
  const imported = new Map();
  code = code.replace(/\b(import_\w+)=require\("\.\.\/(lib\/[^"]*)"\)/g, (_, name, file) => {
    imported.set(name, file);
    return name;
  });
  const used = new Set();
  const take = (text, name, key) => {
    const file = imported.get(name);
    if (file === undefined) return text;
    const given = `${file.replace(/^lib\/|\.ts$/g, '').replace(/\W/g, '_')}$${key}`;
    used.add(given);
    shared.set(given, { file, key });
    return given;
  };
  // A call is written `(0,import_x.y)()`, also right after a keyword.
  code = code.replace(/(?<=\w)\(0,(?=import_)/g, ' (0,');
  code = code.replace(/\(0,(import_\w+)\.(\w+)\)/g, take).replace(/\b(import_\w+)\.(\w+)/g, take);
  if (/require\("\.\.\/lib/.test(code)) {
    throw new CommandError(`${part}: import the core by names, and other parts from later.ts`);
  }
  code = replaceOnce(code, '"use strict";', '');
  const names = ['uvnetBinding', ...used].join(',');
  return `"use strict";module.exports=(function({${names}}){${code}return{${values.join(',')}}});`;
}

const later = {};

/** `lib/net.ts` and all that it imports, as one function that returns the exports. */
function coreFunction() {
  const core = coreFiles();
  const shared = new Map();
  for (const [name, part] of Object.entries(PARTS)) later[name] = joinPart(part, core, shared);
  const contents = [`export * from './${CORE}'`];
  for (const [name, { file, key }] of shared) {
    contents.push(`export{${key} as ${name}}from'./${file}'`);
  }
  const external = [BINDING, ...Object.values(PARTS)].map((file) => `./${file}`);
  const { code: whole, values } = splitExports(
    join({ contents: contents.join(';'), loader: 'ts', resolveDir: at('.') }, ...external),
  );
  let code = withBinding(whole);
  const isShared = (value) => shared.has(value.split(':')[0]);
  for (const [name, part] of Object.entries(PARTS)) {
    code = replaceOnce(code, `require("../${part}")`, `require("./later/${name}.js")(shared())`);
  }
  const given = ['uvnetBinding', ...values.filter(isShared)];
  const exported = values.filter((value) => !isShared(value));
  return `(function(uvnetBinding){${code}function shared(){return{${given.join(',')}}}return{${exported.join(',')}}})`;
}

/**
 * The main entry, with the rest of uvnet in place of the `require` by which it loads that.
 *
 * Left to the bundler, a file that is required and not imported is a function of its own, and each
 * of those that it imports. V8 parses functions twice: once to skip them and once to run them. One
 * that stands in parentheses it takes to be called at once.
 */
function joinMain() {
  let code = join('lib/index.ts', `./${CORE}`, `./${FALLBACK}`);
  const [, names] = exportedNames.exec(code);
  code = replaceOnce(code, exportedGetters, '');
  code = replaceOnce(code, exportedNames, '');
  code = replaceOnce(code, 'module.exports={...module.exports}', `module.exports=${names}`);
  code = replaceOnce(code, `require("../${FALLBACK}")`, 'require("./later/fallback.js")');
  return replaceOnce(code, 'require("../lib/net.ts")', () => `${coreFunction()}(binding)`);
}

/** The main entry has all the code in it; what others `require` of it they leave there. */
const entries = {
  index: joinMain,
  'lean/index': () => join('lib/lean/index.ts', '../index'),
};

function writeCode(name, code) {
  mkdirSync(dirname(at(`dist/${name}`)), { recursive: true });
  writeFileSync(at(`dist/${name}.js`), inLines(withoutNeedlessNames(code)));
}

function bundle([name, joinEntry]) {
  writeCode(name, joinEntry());
  const module = require('esbuild').transformSync(readFileSync(at(`lib/${name}.mts`), 'utf8'), {
    loader: 'ts',
    target: options.target,
  });
  writeFileSync(at(`dist/${name}.mjs`), module.code);
}

/** Checks the types, writes the declarations, and then the code. */
export function buildDist({ clean }) {
  if (clean) rmSync(at('dist'), { recursive: true, force: true });
  runModule('typescript/bin/tsc', ['-p', 'tsconfig.json', '--emitDeclarationOnly']);
  Object.entries(entries).forEach(bundle);
  later.fallback = join(FALLBACK);
  for (const [name, code] of Object.entries(later)) writeCode(`later/${name}`, code);
}
