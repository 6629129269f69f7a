#!/usr/bin/env node
// Style and static checks of everything in the repository.
import { parseArgs } from 'node:util';
import { tidyJobs } from './lib/clang-tidy.mjs';
import { checkJobs } from './lib/cross-build.mjs';
import { crossTargets } from './lib/cross-targets.mjs';
import { checkIncludeLayers } from './lib/include-layers.mjs';
import {
  at,
  capture,
  CommandError,
  hasCommand,
  inParallel,
  listFiles,
  main,
  root,
} from './lib/tools.mjs';

const help = `Usage: node scripts/lint.mjs [--fix] [--only CHECK]... [--available]

  --fix          rewrite what eslint, prettier and clang-format can put right
  --only CHECK   eslint, prettier, clang-format, clang-tidy, layers (nothing in lib/internal imports upwards,
                 nothing in native/ includes upwards) or windows (the native code compiled, not linked, for Windows by mingw-w64); may be
                 given more than once
  --available    leave out the checks whose tool is not installed, and say so
  --help         this text

clang-format and clang-tidy are Debian's packages of those names; the Windows check needs
g++-mingw-w64-x86-64-posix.
`;

const nativeFiles = (...endings) =>
  listFiles(['native', 'test/native', 'test/fuzz', 'bench/floor'].map((folder) => at(folder)))
    .filter((file) => endings.some((ending) => file.endsWith(ending)))
    .map((file) => file.slice(root.length + 1));

/** One command, whose output says what is wrong. */
const commandJob = (command, args) => async () => {
  const { status, stdout, stderr } = await capture(command, args);
  if (status !== 0) throw new CommandError(`${stdout}${stderr}`);
};
const moduleJob = (script, args) =>
  commandJob(process.execPath, [at('node_modules', script), ...args]);

/** What each check consists of: functions that throw a CommandError with the findings. */
const checks = {
  'clang-tidy': { command: 'clang-tidy', jobs: tidyJobs },
  eslint: { jobs: (fix) => [moduleJob('eslint/bin/eslint.js', ['.', ...(fix ? ['--fix'] : [])])] },
  prettier: {
    jobs: (fix) => [
      moduleJob('prettier/bin/prettier.cjs', [
        fix ? '--write' : '--check',
        '--log-level=warn',
        '.',
      ]),
    ],
  },
  'clang-format': {
    command: 'clang-format',
    jobs: (fix) => [
      commandJob('clang-format', [
        ...(fix ? ['-i'] : ['--dry-run', '-Werror']),
        ...nativeFiles('.cc', '.h', '.c'),
      ]),
    ],
  },
  layers: {
    jobs: () => [
      async () => checkIncludeLayers(),
      moduleJob('dependency-cruiser/bin/dependency-cruise.mjs', [
        '--config',
        '.dependency-cruiser.cjs',
        'lib',
      ]),
    ],
  },
  windows: {
    command: crossTargets['win32-x64'].compiler[0],
    jobs: () => checkJobs(crossTargets['win32-x64']),
  },
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
  const jobs = [];
  for (const name of values.only) {
    const { command, jobs: jobsOf } = checks[name];
    if (command && !hasCommand(command)) {
      const missing = `${name}: ${command} is not installed`;
      if (values.available) console.log(`left out: ${missing}`);
      else failures.push(missing);
      continue;
    }
    jobs.push(...(await jobsOf(values.fix)).map((run) => ({ name, run })));
  }
  // What rewrites files must not do so while another reads them.
  await inParallel(
    jobs,
    async ({ name, run }) => {
      try {
        await run();
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        console.log(`== ${name} ==\n${error.message}`);
        if (!failures.includes(name)) failures.push(name);
      }
    },
    values.fix ? 1 : undefined,
  );
  if (failures.length) {
    throw new CommandError(`lint failed\n${failures.map((line) => `  ${line}`).join('\n')}`);
  }
  console.log(`lint: clean (${values.only.join(', ')})`);
});
