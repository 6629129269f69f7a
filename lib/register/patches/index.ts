import type * as uvnetModule from '../../index';
import { patchChildren, patchProcess } from './child-process';
import { makeGiver } from './transfer';
import { patchRequests, patchServers } from './http';
import type { Patch } from './replace';
import { patchTls } from './tls';
import { patchMessages } from './worker-threads';

/**
 * All patches of Node that register makes, except those for loading modules. docs/REGISTER.md has
 * the same list. This file is loaded only with the native code: without it, uvnet's sockets are
 * Node's.
 */
const patches: readonly Patch[] = [
  patchChildren,
  patchProcess,
  patchMessages,
  patchTls,
  patchServers,
  patchRequests,
];

/**
 * Applies all patches.
 *
 * @param count - counts the sockets that Node got
 * @returns a function that undoes all of them
 */
export function applyPatches(
  uvnet: typeof uvnetModule,
  count: { natively: number; asStream: number },
): () => void {
  const giver = makeGiver(uvnet, count);
  const undo = patches.map((patch) => patch(giver));
  return () => {
    for (const step of undo.reverse()) step();
  };
}
