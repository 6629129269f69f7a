// Runs a function in the primary and in the workers of a cluster.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { programOf, runChild, type Body, type Outcome } from './child';
import type { Implementation } from './implementations';

/** The process that accepts: the primary, which distributes connections in turn; or any worker. */
export type Policy = 'rr' | 'none';
export const policies: Policy[] = ['rr', 'none'];

/**
 * Runs `body` in the primary of a cluster and in each worker. `args` start at the second argument.
 */
export async function runClusterOn(
  implementation: Implementation,
  body: Body,
  policy: Policy = 'rr',
  args: unknown[] = [],
): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-cluster-'));
  const file = path.join(folder, 'program.cjs');
  writeFileSync(file, programOf(implementation, body, [file, ...args]));
  try {
    return await runChild(
      implementation,
      ({ require, args: [exec] }) => {
        const cluster = require('node:cluster') as import('node:cluster').Cluster;
        cluster.setupPrimary({ exec, execArgv: [] });
        require(exec as string);
      },
      { args: [file], env: { NODE_CLUSTER_SCHED_POLICY: policy } },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
