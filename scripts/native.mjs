#!/usr/bin/env node
// Builds development flavours of the native code, and runs the programs that do not need Node.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { addonOf, build, configure, flavours, runNativeTests } from './lib/native.mjs';
import { at, capture, CommandError, inParallel, main, root } from './lib/tools.mjs';

const help = `Usage: node scripts/native.mjs [--flavour NAME] [what] [options]

  --flavour NAME   ${flavours.join(', ')} (default: debug)
  --nodedir DIR    folder with the headers in include/node

What (default: --addon):
  --addon          build-NAME/Release/uvnet.node; load it with UVNET_BINDING=<that path>
  --configure      build-NAME/compile_commands.json only, for clang-tidy and editors
  --tests          build and run the C++ unit tests (test/native/*_test.cc)
  --fuzz SECONDS   build the fuzz targets (test/fuzz/*_fuzz.cc) with clang, and run each for this time;
                   new inputs that are not in test/fuzz/corpus go to .cache/corpus/NAME
  --only NAME      only this fuzz target
  --help           this text
`;

/** The libFuzzer options of a target, from the first lines of its file: "// Run: -max_len=64". */
function runOptions(name) {
  const source = readFileSync(at('test/fuzz', `${name}.cc`), 'utf8');
  return /^\/\/ Run: +(.+)$/m.exec(source)?.[1].split(' ') ?? [];
}

/**
 * Runs the fuzz targets, as many at a time as there are processors. Each counts as one test; one
 * that ran nothing has failed.
 */
async function fuzz(folder, seconds, only) {
  const programs = path.join(folder, 'fuzzers');
  const names = readdirSync(at('test/fuzz'))
    .filter((file) => file.endsWith('_fuzz.cc'))
    .map((file) => file.slice(0, -'.cc'.length))
    .filter((name) => only === undefined || name === only);
  if (names.length === 0) throw new CommandError('no such fuzz target');
  let passed = 0;
  await inParallel(names, async (name) => {
    const found = at('.cache/corpus', name);
    const seeds = at('test/fuzz/corpus', name.replace(/_fuzz$/, ''));
    mkdirSync(found, { recursive: true });
    mkdirSync(seeds, { recursive: true });
    const { status, signal, stdout, stderr } = await capture(
      path.join(programs, name),
      [
        `-max_total_time=${seconds}`,
        '-timeout=10',
        '-print_final_stats=1',
        '-verbosity=0',
        ...runOptions(name),
        `-artifact_prefix=${path.relative(root, found)}/`,
        path.relative(root, found),
        path.relative(root, seeds),
      ],
      { cwd: root },
    );
    const runs = Number(/number_of_executed_units: +(\d+)/.exec(stderr)?.[1] ?? 0);
    const good = status === 0 && runs > 0;
    if (good) passed += 1;
    const speed = Math.round(runs / seconds);
    console.log(`${good ? 'ok  ' : 'FAIL'} ${name} (${runs} runs, ${speed} a second)`);
    if (!good) console.log(`${stdout}${stderr}${signal ?? `exit code ${status}`}`);
  });
  console.log(`${passed} passed, ${names.length - passed} failed`);
  if (passed < names.length) process.exitCode = 1;
}

main(async () => {
  const { values } = parseArgs({
    options: {
      flavour: { type: 'string', default: 'debug' },
      nodedir: { type: 'string' },
      addon: { type: 'boolean' },
      configure: { type: 'boolean' },
      tests: { type: 'boolean' },
      fuzz: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (!flavours.includes(values.flavour)) {
    throw new CommandError(`--flavour ${values.flavour}: not one of ${flavours.join(', ')}`);
  }
  if (values.fuzz !== undefined) {
    const folder = configure(values.flavour, { nodedir: values.nodedir, fuzz: true });
    build(folder, 'fuzzers');
    await fuzz(folder, Number(values.fuzz), values.only);
  }
  if (values.configure) configure(values.flavour, { nodedir: values.nodedir });
  if (values.tests || values.addon || !(values.configure || values.fuzz !== undefined)) {
    const folder = configure(values.flavour, { nodedir: values.nodedir });
    if (values.addon || !values.tests) {
      build(folder, 'uvnet');
      console.log(`built ${path.relative(root, addonOf(values.flavour))}`);
    }
    if (values.tests) {
      build(folder, 'native_tests');
      const { passed, failures } = await runNativeTests(folder);
      console.log(`${passed} passed, ${failures.length} failed`);
      if (failures.length) process.exitCode = 1;
    }
  }
});
