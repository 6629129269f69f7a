import module from 'node:module';
import { isNet, type Packages } from './packages';

/** `require()` on versions of Node without `module.registerHooks()`. */

interface Parent {
  readonly filename?: string | null;
}
type Load = (
  this: unknown,
  id: string,
  parent: Parent | null | undefined,
  isMain: boolean,
) => unknown;
type Loader = { _load: Load };

/**
 * Installs the hook.
 *
 * @returns a function that removes it
 */
export function hookRequire(uvnet: unknown, packages: Packages): () => void {
  const loader = module as unknown as Loader;
  const original = loader._load;
  let active = true;
  const load: Load = function (id, parent, isMain) {
    if (active && isNet(id) && packages.gets(parent?.filename ?? undefined)) return uvnet;
    return original.call(this, id, parent, isMain);
  };
  loader._load = load;
  return () => {
    active = false;
    // Other code may have installed a hook later that calls ours.
    if (loader._load === load) loader._load = original;
  };
}
