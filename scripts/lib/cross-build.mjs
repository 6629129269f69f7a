// Compiles and links the addon for another platform: the sources, defines and flags that binding.gyp
// reads as well, and the compiler of the target.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { binaryNamed } from './binaries.mjs';
import { placeBinary } from './binary-check.mjs';
import { namesVersion, versionDefine } from './binary-version.mjs';
import { hasZig, nodeHome, supported } from './nodes.mjs';
import {
  at,
  CommandError,
  hasCommand,
  inParallel,
  isStale,
  listFiles,
  outputLater,
  readJson,
  root,
} from './tools.mjs';

/** Returns what must be installed before sources can be compiled for a target; undefined if nothing is missing. */
export function missingFor({ compiler, installedBy, fetch }) {
  if (fetch) return hasZig ? undefined : 'Linux on x64 (zig)';
  return hasCommand(compiler[0]) ? undefined : installedBy;
}

/** As missingFor(), for a whole binary. */
export const missingToBuild = (target) =>
  missingFor(target) ?? (target.needsLlvm && !hasCommand('llvm-nm') ? 'llvm' : undefined);

const runTool = ([command, ...args], env) =>
  outputLater(command, args, { env: { ...process.env, ...env } });

/** The command that compiles for a target, without the names of files. */
async function compileCommand({ compiler, defines, flags = [], fetch }) {
  await fetch?.();
  const lists = readJson(at('native/sources.json'));
  // The headers of the oldest Node, so that newer features are not used.
  const headers = path.join(await nodeHome(supported[0]), 'include/node');
  return [
    ...compiler,
    ...lists.flags,
    '-Werror',
    ...flags,
    ...[...lists.defines, ...(lists[defines] ?? []), versionDefine].map((name) => `-D${name}`),
    `-I${root}`,
    `-I${at('native')}`,
    ...['-isystem', headers, '-isystem', at('node_modules/node-addon-api')],
  ];
}

/** What every object depends on besides its source. */
const sharedInputs = () => [
  ...listFiles([at('native')]).filter((file) => file.endsWith('.h')),
  ...listFiles([at('scripts/lib')]).filter((file) => path.basename(file).startsWith('cross-')),
  at('native/sources.json'),
];

/** Where the objects of a target are kept. */
const objectFolder = (name) => at('.cache/cross', name);
const objectOf = (name, source) =>
  path.join(objectFolder(name), `${source.replaceAll('/', '-')}.o`);

/**
 * One function for each source that has changed since it was last checked or built; it throws with what the
 * compiler says of the source.
 */
export async function checkJobs(name, target) {
  const command = await compileCommand(target);
  const { checkOnly = ['-fsyntax-only'], env, only = '' } = target;
  const folder = at('.cache/compile-check', name);
  mkdirSync(folder, { recursive: true });
  const shared = sharedInputs();
  const { sources } = readJson(at('native/sources.json'));
  const stampOf = (source) => path.join(folder, source.replaceAll('/', '-'));
  return sources
    .filter((source) => readFileSync(at(source), 'utf8').includes(only))
    .filter((source) =>
      [stampOf(source), objectOf(name, source)].every((file) =>
        isStale(file, [at(source), ...shared]),
      ),
    )
    .map((source) => async () => {
      // zig does not take /dev/null.
      const object = checkOnly.includes('-c') ? ['-o', path.join(folder, 'unused.o')] : [];
      await runTool([...command, ...checkOnly, ...object, source], env);
      writeFileSync(stampOf(source), '');
    });
}

/** Whether the one source that contains the version was compiled for another one. */
const isOfOtherVersion = (source, object) => source === 'native/addon.cc' && !namesVersion(object);

/**
 * Builds the binary of a target, and returns its path in prebuilds/. Object files are kept for the
 * next time.
 */
export async function crossBuild(name, target) {
  const missing = missingToBuild(target);
  if (missing) throw new CommandError(`${name} needs ${missing}`);
  const folder = objectFolder(name);
  mkdirSync(folder, { recursive: true });
  const command = await compileCommand(target);
  const shared = sharedInputs();
  const { sources } = readJson(at('native/sources.json'));
  console.log(`${name}: compiling ${sources.length} files by ${target.compiler.join(' ')}`);
  let compiled = 0;
  const objects = await inParallel(sources, async (source) => {
    const object = objectOf(name, source);
    if (isStale(object, [at(source), ...shared]) || isOfOtherVersion(source, object)) {
      // An interrupted run must not leave an incomplete object file.
      const unfinished = `${object}.unfinished`;
      await runTool([...command, '-c', source, '-o', unfinished], target.env);
      renameSync(unfinished, object);
    }
    compiled += 1;
    if (process.stdout.isTTY) process.stdout.write(`\r${compiled} of ${sources.length}\r`);
    return object;
  });
  const imports = target.imports ? await target.imports(folder, objects) : [];
  const binary = path.join(folder, 'uvnet.node');
  const link = ['-shared', '-o', binary, ...target.link, ...objects, ...imports];
  await runTool([...target.compiler, ...link, ...(target.libraries ?? [])], target.env);
  if (target.strip) await runTool([...target.strip, binary]);
  return placeBinary(name, binary, binaryNamed(name).file);
}
