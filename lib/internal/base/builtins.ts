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

// Asked of the process first: there are no hooks of require() between, and a program that is bundled
// as an ES module has no require().
export const clusterModule = lazily(
  () => process.getBuiltinModule?.('node:cluster') ?? (require('node:cluster') as typeof cluster),
);
export const dnsModule = lazily(
  () => process.getBuiltinModule?.('node:dns') ?? (require('node:dns') as typeof dns),
);
export const netModule = lazily(
  () => process.getBuiltinModule?.('node:net') ?? (require('node:net') as typeof net),
);
