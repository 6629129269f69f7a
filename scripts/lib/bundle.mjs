// Makes dist/ out of lib/: the code as one file, the declarations file by file.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { at, CommandError, runModule } from './tools.mjs';

// Loaded when needed: the scripts run before node_modules exists.
const require = createRequire(import.meta.url);

/**
 * What all code is compiled with. One file because each file more costs a tenth of a millisecond
 * and more to find and read; without spaces because those are read too. Names stay: programs print
 * them, and they are what a stack trace is for.
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

/**
 * The bundler notes every function's name with a call, also where the language gives the same name
 * by itself, and for closures that is a call each time one is made. Those calls are taken out; what
 * is left is what was renamed because two files use one name.
 */
function withoutNeedlessNames(code) {
  const ts = require('typescript');
  const source = ts.createSourceFile('index.js', code, ts.ScriptTarget.ES2022, true);
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
    } else if ((target.name?.text ?? inferred(call)) === name) {
      cut(call.getStart(), target.getStart());
      cut(target.end, call.end);
    }
  };
  const visit = (node) => {
    if (ts.isCallExpression(node) && node.expression.getText() === '__name') inspect(node);
    ts.forEachChild(node, visit);
  };
  visit(source);

  let result = '';
  let done = 0;
  for (const [from, to, instead = ''] of cuts.sort(([a], [b]) => a - b)) {
    result += code.slice(done, from) + instead;
    done = to;
  }
  return result + code.slice(done);
}

/** One file out of an entry and all it imports, but for what `external` names. */
function join(entry, ...external) {
  const { outputFiles } = require('esbuild').buildSync({
    ...options,
    absWorkingDir: at('.'),
    entryPoints: [entry],
    external,
    bundle: true,
    outdir: 'dist',
    write: false,
  });
  return plainBuiltins(outputFiles[0].text);
}

const BINDING = 'lib/internal/binding.ts';
const CORE = 'lib/net.ts';

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

/** `lib/net.ts` and all that it imports, as one function that returns the exports. */
function coreFunction() {
  let code = join(CORE, `./${BINDING}`);
  const [, getters] = exportedGetters.exec(code);
  code = replaceOnce(code, exportedGetters, '');
  code = replaceOnce(code, exportedNames, `return{${getters.replaceAll(':()=>', ':')}}`);
  // The binding is the entry's. A constant is what compiled code need not load.
  code = code
    .replace(/\b(import_binding\d*)=require\("[^"]*\/binding\.ts"\)/g, '$1')
    .replace(/\bimport_binding\d*\.binding\b/g, 'uvnetBinding');
  if (/\bimport_binding\d*\./.test(code)) {
    throw new CommandError("lib/: only the entry may use binding.ts's other exports");
  }
  return `(function(given){const uvnetBinding=given;${code}})`;
}

/**
 * The main entry, with the rest of uvnet in place of the `require` by which it loads that.
 *
 * Left to the bundler, a file that is required and not imported is a function of its own, and each
 * of those that it imports. V8 parses functions twice: once to skip them and once to run them. One
 * that stands in parentheses it takes to be called at once.
 */
function joinMain() {
  let code = join('lib/index.ts', `./${CORE}`);
  const [, names] = exportedNames.exec(code);
  code = replaceOnce(code, exportedGetters, '');
  code = replaceOnce(code, exportedNames, '');
  code = replaceOnce(code, 'module.exports={...module.exports}', `module.exports=${names}`);
  return replaceOnce(code, 'require("../lib/net.ts")', () => `${coreFunction()}(binding)`);
}

/** The main entry has all the code in it; what others `require` of it they leave there. */
const entries = {
  index: joinMain,
  'lean/index': () => join('lib/lean/index.ts', '../index'),
};

function bundle([name, joinEntry]) {
  const code = withoutNeedlessNames(joinEntry());
  mkdirSync(dirname(at(`dist/${name}`)), { recursive: true });
  writeFileSync(at(`dist/${name}.js`), code);
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
}
