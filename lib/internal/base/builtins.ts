import type cluster from 'node:cluster';
import type * as dns from 'node:dns';
import type * as net from 'node:net';

/**
 * Modules of Node's that a program may never need. They take milliseconds to load, so that is done
 * at their first use and not with uvnet.
 */

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load them at once */

export function lazily<Module>(load: () => Module): () => Module {
  let module: Module | undefined;
  return () => (module ??= load());
}

/**
 * If `process.getBuiltinModule` gives uvnet to those who ask for `net` (uvnet/register), the function
 * that it stands for has this name on it. Copies of uvnet, bundled or not, are to have Node's own.
 */
export const kNodesOwn: unique symbol = Symbol.for('uvnet.getBuiltinModule') as never;

type GetBuiltinModule = typeof process.getBuiltinModule & { [kNodesOwn]?: GetBuiltinModule };

// Asked of the process first: there are no hooks of require() between, and a program that is bundled
// as an ES module has no require().
const ofProcess: typeof process.getBuiltinModule = (id: string) => {
  const get = process.getBuiltinModule as GetBuiltinModule | undefined;
  return (get?.[kNodesOwn] ?? get)?.(id) as never;
};

export const clusterModule = lazily(
  () => ofProcess('node:cluster') ?? (require('node:cluster') as typeof cluster),
);
export const dnsModule = lazily(() => ofProcess('node:dns') ?? (require('node:dns') as typeof dns));
export const netModule = lazily(() => ofProcess('node:net') ?? (require('node:net') as typeof net));
