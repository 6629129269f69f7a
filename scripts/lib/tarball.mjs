// The tarball of a release: made of binaries that are there, and looked through.
import path from 'node:path';
import { binaries, missingBinaries, outdated, pathOf } from './binaries.mjs';
import { missingToCheck, problemsOf } from './binary-check.mjs';
import { fetchZig, hasZig } from './nodes.mjs';
import { at, CommandError, output } from './tools.mjs';

function refuse(problems) {
  if (problems.length > 0) throw new CommandError(problems.join('\n'));
}

/** All binaries of the package are there, made of these sources, and fit their systems. */
export async function checkBinaries() {
  const missing = missingBinaries();
  const old = outdated(binaries.filter((binary) => !missing.includes(binary)));
  refuse([
    ...missing.map(({ file }) => `${file} is missing`),
    ...old.map(({ file }) => `${file} is older than the sources, or of another version`),
  ]);
  // It has the list of musl's functions.
  if (hasZig) await fetchZig();
  refuse(
    binaries.flatMap((binary) => {
      const tool = missingToCheck(binary);
      const problems = tool ? [`needs ${tool} to be checked`] : problemsOf(binary, pathOf(binary));
      return problems.map((problem) => `${binary.file} ${problem}`);
    }),
  );
  return `${binaries.length} binaries, all checked`;
}

const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;

/** Packs what is in prebuilds/ into the folder; answers the tarball and what is in it. */
export function pack(folder) {
  const args = ['pack', '--json', `--pack-destination=${folder}`];
  const text = output('npm', args, {
    shell: process.platform === 'win32',
    env: { ...process.env, UVNET_GIVEN_BINARIES: '1' },
  });
  // The scripts of the package print before it.
  const [{ filename, size, files }] = JSON.parse(text.slice(text.search(/^\[$/m)));
  const packed = files.map((file) => file.path).filter((name) => name.startsWith('prebuilds/'));
  const wanted = binaries.map(({ file }) => `prebuilds/${file}`);
  refuse([
    ...wanted.filter((name) => !packed.includes(name)).map((name) => `${name} is missing`),
    ...packed.filter((name) => !wanted.includes(name)).map((name) => `${name} is unknown`),
  ]);
  const note = `${kilobytes(size)}, ${files.length} files, ${packed.length} binaries`;
  return { tarball: path.join(folder, filename), note };
}

/** publint finds nothing in it. */
export function lintPackage(tarball) {
  const text = output(process.execPath, [at('node_modules/publint/src/cli.js'), tarball]);
  if (!text.includes('All good')) throw new CommandError(text);
  return 'all good';
}

/** Its types resolve, as TypeScript's resolutions that know `exports` look for them. */
export function checkTypes(tarball) {
  const attw = at('node_modules/@arethetypeswrong/cli/dist/index.js');
  output(process.execPath, [attw, '--profile', 'node16', tarball]);
  return 'no problems found';
}
