import { kNodesOwn } from '../internal/base/builtins';
import { isNet, type Packages } from './packages';

/** Replaces `process.getBuiltinModule('net')`, which no hook of Node covers. */

type GetBuiltinModule = ((id: string) => unknown) & { [kNodesOwn]?: GetBuiltinModule };

/** Returns the file of the code that has called `callee`. */
function callerOf(callee: GetBuiltinModule): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  Error.prepareStackTrace = (_error, sites) => sites;
  try {
    const holder: { stack?: NodeJS.CallSite[] } = {};
    Error.captureStackTrace(holder, callee);
    return holder.stack?.[0]?.getFileName() ?? undefined;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/**
 * Installs the replacement.
 *
 * @returns a function that removes it
 */
export function hookBuiltins(uvnet: unknown, packages: Packages): () => void {
  const owner = process as unknown as { getBuiltinModule?: GetBuiltinModule };
  const original = owner.getBuiltinModule;
  if (original === undefined) return () => {};
  let active = true;
  const getBuiltinModule: GetBuiltinModule = (id) => {
    if (active && isNet(id) && packages.gets(callerOf(getBuiltinModule))) return uvnet;
    return original(id);
  };
  getBuiltinModule[kNodesOwn] = original[kNodesOwn] ?? original;
  owner.getBuiltinModule = getBuiltinModule;
  return () => {
    active = false;
    if (owner.getBuiltinModule === getBuiltinModule) owner.getBuiltinModule = original;
  };
}
