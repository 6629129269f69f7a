import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, resolve, toNamespacedPath } from 'node:path';
import { findLibc } from './libc';
import type { NativeBinding } from './native-types';
import { prebuiltFiles, unfitProcessor } from './prebuilt-name';
import { version, versionMismatch } from './version';

interface Candidate {
  readonly file: string;
  /** The reason why it must not be loaded. */
  readonly unfit?: string | undefined;
}

interface Attempt {
  readonly what: string;
  readonly why: string;
}

/**
 * The reason if this runtime cannot use the native code at all, or undefined. Bun and Deno have the
 * symbols of libuv but not the library. Calling them ends the process, so this is decided before
 * anything is loaded.
 */
function otherRuntime(): string | undefined {
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `Bun ${bun} has no libuv`;
  if (deno !== undefined) return `Deno ${deno} has no libuv`;
  return undefined;
}

/**
 * The folder of the running program. It may have been started by a link, such as npm makes for commands, or by a name
 * that Node completes, such as that of a folder.
 */
function programFolder(): string {
  const program = process.argv[1];
  if (program === undefined) return process.cwd();
  const file = resolve(program);
  try {
    return dirname(createRequire(process.execPath).resolve(file));
  } catch {
    return dirname(file);
  }
}

/**
 * The folder of this file, in lib or dist. A bundle may be an ES module, which has no `__dirname`, or run by `node -e`,
 * where it is ".".
 */
const here = (): string =>
  typeof __dirname === 'string' && isAbsolute(__dirname) ? __dirname : programFolder();

/** The reason why a file cannot be used. Under the permission model, older Nodes throw where the question is not allowed. */
function whyUnusable(file: string): string | undefined {
  try {
    return existsSync(file) ? undefined : 'does not exist';
  } catch {
    return 'may not be read';
  }
}

/** The folder with the package.json of this file: that of the package or of a bundled program. */
function findHome(): string {
  let folder = here();
  for (;;) {
    if (whyUnusable(`${folder}/package.json`) === undefined) return folder;
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  return here();
}

/** The installed package, as seen from a bundled program that contains this file. */
function findInstalled(): string | undefined {
  for (const folder of new Set([here(), programFolder()])) {
    try {
      return dirname(createRequire(`${folder}/program.js`).resolve('uvnet/package.json'));
    } catch {
      // Not found.
    }
  }
  return undefined;
}

/** Whether this file belongs to the package. */
function isPackage(home: string): boolean {
  try {
    const { name } = JSON.parse(readFileSync(`${home}/package.json`, 'utf8')) as { name?: unknown };
    return name === 'uvnet';
  } catch {
    return false;
  }
}

/** The file that the user names. */
const override = (): string | undefined => process.env['UVNET_BINDING'] || undefined;

/**
 * The possible locations of the binary, the most likely first. A locally built binary takes
 * precedence.
 */
function* candidates(): Generator<Candidate> {
  const only = override();
  if (only !== undefined) {
    yield { file: resolve(only) };
    return;
  }
  const home = findHome();
  yield* candidatesIn(home);
  const installed = findInstalled();
  if (installed !== undefined && installed !== home) yield* candidatesIn(installed);
}

function* candidatesIn(folder: string): Generator<Candidate> {
  yield { file: `${folder}/build/Release/uvnet.node` };
  const { platform, arch } = process;
  const libc = platform === 'linux' ? findLibc() : undefined;
  const unfit = unfitProcessor(arch, process.config);
  for (const name of prebuiltFiles(platform, arch, libc)) {
    yield { file: `${folder}/prebuilds/${name}`, unfit };
  }
}

/** Advice for the user. */
function advice(): string {
  const home = findHome();
  if (override() !== undefined) {
    return 'UVNET_BINDING names the only file that is tried. To build one: npx uvnet build';
  }
  if (isPackage(home)) {
    return 'To build one: npx uvnet build (needs python3, make and a C++ compiler)';
  }
  return (
    `A bundle does not contain the binary. Install uvnet@${version} where the bundle runs, exclude it from the bundle` +
    ` (esbuild: --external:uvnet), or copy its folder prebuilds to ${home}`
  );
}

/** Names this copy of uvnet. An ES module has no `__filename`, and is never loaded again. */
const copy = typeof __filename === 'string' ? __filename : Symbol('bundle');

/**
 * Loads the binary. Each instance of it serves one copy of uvnet: all events go to the last one that
 * has started. If a file is loaded again, as test runners do, it takes over the instance of its
 * predecessor. A copy in another file, for example in a bundle, gets an instance of its own.
 */
function open(file: string): NativeBinding {
  const require = createRequire(file);
  const name = require.resolve(file);
  const isInUse = name in require.cache;
  const first = require(file) as NativeBinding;
  const mismatch = versionMismatch(first.version);
  if (mismatch !== undefined) {
    // The cache names what is in use, by whichever copy.
    if (!isInUse) delete require.cache[name];
    throw new Error(mismatch);
  }
  first.instances ??= new Map([[copy, first]]);
  let instance = first.instances.get(copy);
  if (instance === undefined) {
    const module = { exports: {} };
    process.dlopen(module, toNamespacedPath(file));
    instance = module.exports as NativeBinding;
    first.instances.set(copy, instance);
  }
  return instance;
}

const NO_ADDONS =
  'this Node does not load addons.\nTo allow them, remove --no-addons, or add --allow-addons if you use --permission';

export interface Loaded {
  readonly binding: NativeBinding | undefined;
  /** The file from which the native code was loaded. */
  readonly file: string | undefined;
  /** The reason why there is no native code, for the user. */
  readonly reason: string | undefined;
}

const without = (reason: string): Loaded => ({ binding: undefined, file: undefined, reason });

function load(): Loaded {
  const other = otherRuntime();
  if (other !== undefined) return without(other);

  const attempts: Attempt[] = [];
  for (const { file, unfit } of candidates()) {
    const reason = whyUnusable(file) ?? unfit;
    if (reason !== undefined) {
      attempts.push({ what: file, why: reason });
      continue;
    }
    try {
      return { binding: open(file), file, reason: undefined };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // No other binary would help.
      if (code === 'ERR_DLOPEN_DISABLED') return without(NO_ADDONS);
      attempts.push({ what: file, why: message });
    }
  }
  const tried = attempts.map(({ what, why }) => `\n  ${what}: ${why}`).join('');
  return without(
    `no native binary for ${process.platform}-${process.arch} could be loaded.` +
      `\nTried:${tried}\n${advice()}`,
  );
}

/** The addon is loaded only here. */
export const loaded: Loaded = load();
