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
 * Gives uvnet to all code that asks for `net`: to load this file is to register, which is what
 * `node --import uvnet/register` does. See docs/REGISTER.md.
 */

const entries: Entries = {
  require: path.join(__dirname, '../index.js'),
  import: path.join(__dirname, '../index.mjs'),
};

/** What the thread has in force, be it of this copy of uvnet or of another. */
interface Registration {
  unregister(): void;
}
const kRegistration: unique symbol = Symbol.for('uvnet.registration') as never;
const registry = globalThis as { [kRegistration]?: Registration | undefined };

/** `node -r` has its files loaded in the thread of hooks, too, where no program runs. */
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
  // The very module that a program has by its own require().
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
    undo.push(applyPatches(uvnet, report?.handedOver ?? { natively: 0, asStream: 0 }));
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
 * Has code that is loaded from now on, in this thread, get uvnet where it asks for `net`: by `require()`, by
 * `import` and by `process.getBuiltinModule()`. What was registered before is replaced. Node's own modules
 * (`http`, `tls`) keep theirs, and so does code that has loaded `net` already.
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

/** Undoes {@link register}: code that asks for `net` from now on gets Node's. Without a registration it does nothing. */
export function unregister(): void {
  const registration = registry[kRegistration];
  registry[kRegistration] = undefined;
  registration?.unregister();
}

// A second load, say of another copy by NODE_OPTIONS, changes nothing.
if (registry[kRegistration] === undefined) register();
