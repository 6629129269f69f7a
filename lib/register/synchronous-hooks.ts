import module from 'node:module';
import { pathToFileURL } from 'node:url';
import { isNet, type Packages } from './packages';

/** `module.registerHooks()` (Node 22.15 and newer) covers both `require()` and `import`. */

interface Entry {
  readonly url: string;
  readonly format: 'commonjs' | 'module';
}

/** The files of uvnet for `require()` and `import`. */
export interface Entries {
  readonly require: string;
  readonly import: string;
}

/**
 * Installs the hooks.
 *
 * @returns a function that removes them; undefined if this Node does not support them
 */
export function hookSynchronously(entries: Entries, packages: Packages): (() => void) | undefined {
  // The types of the oldest supported Node do not have it.
  const { registerHooks } = module as Partial<typeof module>;
  if (registerHooks === undefined) return undefined;
  const required: Entry = { url: pathToFileURL(entries.require).href, format: 'commonjs' };
  const imported: Entry = { url: pathToFileURL(entries.import).href, format: 'module' };
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      if (!isNet(specifier) || !packages.gets(context.parentURL)) {
        return nextResolve(specifier, context);
      }
      const entry = context.conditions.includes('import') ? imported : required;
      return { ...entry, shortCircuit: true };
    },
  });
  return () => hooks.deregister();
}
