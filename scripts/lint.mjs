#!/usr/bin/env node
// Style and static checks of everything in the repository.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { configure } from './lib/native.mjs';
import { checkWindows } from './lib/windows.mjs';
import {
  at,
  CommandError,
  hasCommand,
  listFiles,
  main,
  readJson,
  root,
  run,
  runModule,
} from './lib/tools.mjs';

const help = `Usage: node scripts/lint.mjs [--fix] [--only CHECK]... [--available]

  --fix          rewrite what eslint, prettier and clang-format can put right
  --only CHECK   eslint, prettier, clang-format, clang-tidy or windows (the native code compiled,
                 not linked, for Windows by mingw-w64); may be given more than once
  --available    leave out the checks whose tool is not installed, and say so
  --help         this text

clang-format and clang-tidy are Debian's packages of those names; the Windows check needs
g++-mingw-w64-x86-64-posix.
`;

const nativeFiles = (...endings) =>
  listFiles(['native', 'test/native', 'test/fuzz', 'bench/floor'].map((folder) => at(folder)))
    .filter((file) => endings.some((ending) => file.endsWith(ending)))
    .map((file) => file.slice(root.length + 1));

/** Runs clang-tidy on each file, as many at a time as there are processors. */
async function clangTidy() {
  const folder = configure('debug');
  const files = readJson(at('native/sources.json')).sources.filter((file) => file.endsWith('.cc'));
  let failed = 0;
  const check = (file) =>
    new Promise((resolve, reject) => {
      const child = spawn('clang-tidy', ['-p', folder, '--quiet', '--warnings-as-errors=*', file], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      child.stdout.on('data', (data) => (output += data));
      child.stderr.on('data', (data) => (output += data));
      child.on('error', reject);
      child.on('close', (code) => {
        if (code !== 0) {
          failed++;
          // Without the counts of what it suppressed in system headers.
          console.log(output.replace(/^\d+ warnings?.* generated\.\n/gm, ''));
        }
        resolve();
      });
    });
  const worker = async () => {
    for (let file; (file = files.pop());) await check(file);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (failed) throw new CommandError(`clang-tidy: ${failed} files with findings`);
}

const checks = {
  eslint: { run: (fix) => runModule('eslint/bin/eslint.js', ['.', ...(fix ? ['--fix'] : [])]) },
  prettier: {
    run: (fix) =>
      runModule('prettier/bin/prettier.cjs', [
        fix ? '--write' : '--check',
        '--log-level=warn',
        '.',
      ]),
  },
  'clang-format': {
    command: 'clang-format',
    run: (fix) => {
      const mode = fix ? ['-i'] : ['--dry-run', '-Werror'];
      console.log(`$ clang-format ${mode.join(' ')} <native sources>`);
      run('clang-format', [...mode, ...nativeFiles('.cc', '.h', '.c')], { quiet: true });
    },
  },
  'clang-tidy': {
    command: 'clang-tidy',
    run: () => {
      console.log('$ clang-tidy <native sources>');
      return clangTidy();
    },
  },
  windows: { command: 'x86_64-w64-mingw32-g++', run: checkWindows },
};

main(async () => {
  const { values } = parseArgs({
    options: {
      fix: { type: 'boolean' },
      only: { type: 'string', multiple: true, default: Object.keys(checks) },
      available: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const unknown = values.only.find((name) => !(name in checks));
  if (unknown) {
    throw new CommandError(`--only ${unknown}: not one of ${Object.keys(checks).join(', ')}`);
  }

  const failures = [];
  for (const name of values.only) {
    const check = checks[name];
    if (check.command && !hasCommand(check.command)) {
      const missing = `${name}: ${check.command} is not installed`;
      if (values.available) console.log(`left out: ${missing}`);
      else failures.push(missing);
      continue;
    }
    try {
      await check.run(values.fix);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      failures.push(`${name}: ${error.message}`);
    }
  }
  if (failures.length) {
    throw new CommandError(`lint failed\n${failures.map((line) => `  ${line}`).join('\n')}`);
  }
  console.log('lint: clean');
});
