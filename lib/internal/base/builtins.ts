import type cluster from 'node:cluster';
import type * as dns from 'node:dns';
import type * as net from 'node:net';

/**
 * Modules of Node that a program may never need. They take milliseconds to load, so they are loaded
 * when they are first used.
 */

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load them at once */

export function lazily<Module>(load: () => Module): () => Module {
  let module: Module | undefined;
  return () => (module ??= load());
}

/**
 * If uvnet/register has replaced `process.getBuiltinModule`, the replacement has this property with
 * the original function. All copies of uvnet, bundled or not, need Node's own `net`.
 */
export const kNodesOwn: unique symbol = Symbol.for('uvnet.getBuiltinModule') as never;

type GetBuiltinModule = typeof process.getBuiltinModule & { [kNodesOwn]?: GetBuiltinModule };

// process.getBuiltinModule() is tried first: hooks of require() do not affect it, and a program
// bundled as an ES module has no require().
const ofProcess: typeof process.getBuiltinModule = (id: string) => {
  const get = process.getBuiltinModule as GetBuiltinModule | undefined;
  return (get?.[kNodesOwn] ?? get)?.(id) as never;
};

export const clusterModule = lazily(
  () => ofProcess('node:cluster') ?? (require('node:cluster') as typeof cluster),
);
export const dnsModule = lazily(() => ofProcess('node:dns') ?? (require('node:dns') as typeof dns));
export const netModule = lazily(() => ofProcess('node:net') ?? (require('node:net') as typeof net));
