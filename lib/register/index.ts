import path from 'node:path';
import { isMainThread, parentPort } from 'node:worker_threads';
import { ERR_INVALID_ARG_TYPE } from '../internal/base/errors';
import { loaded } from '../internal/native/loader';
import { hookBuiltins } from './builtin-hook';
import { hookImport, type ImportHook } from './import-hook';
import { Packages, type RegisterOptions, type Witness } from './packages';
import { Report } from './report';
import type * as patches from './patches/index';
import { hookRequire } from './require-hook';
import { hookSynchronously, type Entries } from './synchronous-hooks';

export type { RegisterOptions };

/**
 * Makes all code that requests `net` get uvnet. Loading this file registers uvnet, as `node
 * --import uvnet/register` does. See docs/REGISTER.md.
 */

const entries: Entries = {
  require: path.join(__dirname, '../index.js'),
  import: path.join(__dirname, '../index.mjs'),
};

/** The registration of this thread, by this copy of uvnet or another. */
interface Registration {
  unregister(): void;
}
const kRegistration: unique symbol = Symbol.for('uvnet.registration') as never;
const registry = globalThis as { [kRegistration]?: Registration | undefined };

/** `node -r` also loads its files in the thread of hooks, in which no program runs. */
const isHookThread = !isMainThread && parentPort === null;

function checkNames(value: unknown, name: string): void {
  if (value === undefined) return;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return;
  throw new ERR_INVALID_ARG_TYPE(name, 'Array of strings', value);
}

function excludedByEnvironment(): string[] {
  const text = process.env['UVNET_REGISTER_EXCLUDE'] ?? '';
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function hookAll(options: RegisterOptions): Registration {
  // The same module instance that a program gets from require().
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would make it one chunk with this
  const uvnet = require(entries.require) as typeof import('../index');
  let imports: ImportHook | undefined;
  const report =
    process.env['UVNET_REGISTER_REPORT'] === '1'
      ? new Report(uvnet, () => imports?.collect())
      : undefined;
  const witness: Witness = (name, served) => report?.asked(name, served);
  const packages = new Packages(options, witness);

  const undo = [hookBuiltins(uvnet, packages), () => report?.stop()];
  if (loaded.binding !== undefined) {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load the native part
    const { applyPatches } = require('./patches/index') as typeof patches;
    undo.push(applyPatches(uvnet, report?.transferred ?? { natively: 0, asStream: 0 }));
  }
  const undoHooks = hookSynchronously(entries, packages);
  if (undoHooks !== undefined) {
    undo.push(undoHooks);
  } else {
    const hook = (imports = hookImport(entries.import, options, witness));
    undo.push(hookRequire(uvnet, packages), () => hook.undo());
  }
  return {
    unregister() {
      for (const step of undo.reverse()) step();
    },
  };
}

/**
 * Makes code that is loaded from now on in this thread get uvnet for `net`, through `require()`,
 * `import` and `process.getBuiltinModule()`. It replaces an earlier registration. Node's own
 * modules (`http`, `tls`) keep their `net`, and so does code that has already loaded `net`.
 *
 * @param options - which packages get uvnet. Default: all but those of `UVNET_REGISTER_EXCLUDE`
 * @throws ERR_INVALID_ARG_TYPE
 */
export function register(options: RegisterOptions = {}): void {
  if (typeof options !== 'object' || options === null) {
    throw new ERR_INVALID_ARG_TYPE('options', 'Object', options);
  }
  const { include, exclude = excludedByEnvironment() } = options;
  checkNames(include, 'options.include');
  checkNames(exclude, 'options.exclude');
  if (isHookThread) return;
  unregister();
  registry[kRegistration] = hookAll({ include, exclude });
}

/**
 * Undoes {@link register}: from now on, `net` means Node's module again. Without a registration, it
 * does nothing.
 */
export function unregister(): void {
  const registration = registry[kRegistration];
  registry[kRegistration] = undefined;
  registration?.unregister();
}

// A second load, for example of another copy through NODE_OPTIONS, changes nothing.
if (registry[kRegistration] === undefined) register();
