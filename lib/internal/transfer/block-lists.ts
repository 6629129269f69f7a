import type * as nodeNet from 'node:net';

/**
 * The block lists of a server that moves to another thread. Without them it would let in, or believe,
 * those whom its owner keeps out.
 */

/** A token of `BlockList.share()`, or a list of node:net's own, which `postMessage` copies. */
export type PackedList = string | nodeNet.BlockList | undefined;

export function packList(list: nodeNet.BlockList | undefined): PackedList {
  const { share } = (list ?? {}) as { share?: () => string };
  return share === undefined ? list : share.call(list);
}
