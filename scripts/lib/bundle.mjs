// Makes dist/ out of lib/: the code as one file, the declarations file by file.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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

/**
 * The entries. The first has all the code in it; others leave out what they `require` of it, so that
 * there is one copy.
 */
const entries = [
  { name: 'index', external: [] },
  { name: 'lean/index', external: ['../index'] },
];

function bundle({ name, external }) {
  const esbuild = require('esbuild');
  const { outputFiles } = esbuild.buildSync({
    ...options,
    entryPoints: [at(`lib/${name}.ts`)],
    bundle: true,
    external,
    write: false,
  });
  writeFileSync(at(`dist/${name}.js`), withoutNeedlessNames(plainBuiltins(outputFiles[0].text)));
  const { code } = esbuild.transformSync(readFileSync(at(`lib/${name}.mts`), 'utf8'), {
    loader: 'ts',
    target: options.target,
  });
  writeFileSync(at(`dist/${name}.mjs`), code);
}

/** Checks the types, writes the declarations, and then the code. */
export function buildDist({ clean }) {
  if (clean) rmSync(at('dist'), { recursive: true, force: true });
  runModule('typescript/bin/tsc', ['-p', 'tsconfig.json', '--emitDeclarationOnly']);
  entries.forEach(bundle);
}
