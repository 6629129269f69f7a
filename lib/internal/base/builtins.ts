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

export const clusterModule = lazily(() => require('node:cluster') as typeof cluster);
export const dnsModule = lazily(() => require('node:dns') as typeof dns);
/** Core's, also where a hook of require() gives uvnet to those that ask for it. */
export const netModule = lazily(
  () => process.getBuiltinModule?.('node:net') ?? (require('node:net') as typeof net),
);
