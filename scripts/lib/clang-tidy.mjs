// clang-tidy on the native code, several files in one translation unit: what the headers of Node-API
// and the standard library cost is then paid once for all of them, which halves the time.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { configure } from './native.mjs';
import { at, capture, CommandError, readJson } from './tools.mjs';

const options = ['--quiet', '--warnings-as-errors=*'];

/** What every file is compiled with; the names of the file and of its object are left out. */
function flagsOf(folder) {
  const [{ command }] = readJson(path.join(folder, 'compile_commands.json'));
  const words = command.split(' ').slice(1);
  return words.filter((word, at) => !/^-[oc]$/.test(word) && !/^-[oc]$/.test(words[at - 1] ?? ''));
}

async function run(args) {
  const { status, stdout, stderr } = await capture('clang-tidy', args);
  // Without the counts of what it suppressed in system headers.
  const output = `${stdout}${stderr}`.replace(/^\d+ warnings?.* generated\.\n/gm, '');
  return { status, output };
}

/** One function for each group of files, which throws with the findings. */
export function tidyJobs() {
  const folder = configure('debug');
  const flags = flagsOf(folder);
  const sources = readJson(at('native/sources.json')).sources.filter((file) =>
    file.endsWith('.cc'),
  );
  const groups = Array.from({ length: 2 * availableParallelism() }, (_, group) =>
    sources.filter((_file, index) => index % (2 * availableParallelism()) === group),
  );
  mkdirSync(path.join(folder, 'tidy'), { recursive: true });
  return groups.map((files, group) => async () => {
    // By this name the static analyzer knows that the files it includes are code, not headers.
    const unit = path.join(folder, 'tidy', `UnifiedSource${group}.cc`);
    writeFileSync(unit, files.map((file) => `#include "${at(file)}"\n`).join(''));
    let { status, output } = await run([
      ...options,
      `--config-file=${at('.clang-tidy')}`,
      '--checks=-bugprone-suspicious-include',
      '--header-filter=/native/([^/]+/)?[^/]+\\.(h|cc)$',
      unit,
      '--',
      ...flags,
    ]);
    // The verdict is that on each file alone: files that use one name for two things cannot share a unit,
    // and what the analyzer finds across files depends on which of them share one.
    if (status !== 0) {
      ({ status, output } = await run([...options, '-p', folder, ...files]));
    }
    if (status !== 0) throw new CommandError(output);
  });
}
