import type * as nodeNet from 'node:net';

/**
 * Transfers the block lists of a server to another thread. Without them, the server would accept or
 * trust peers that its owner excludes.
 */

/** A token of `BlockList.share()`, or a list of node:net, which `postMessage` copies. */
export type PackedList = string | nodeNet.BlockList | undefined;

export function packList(list: nodeNet.BlockList | undefined): PackedList {
  const { share } = (list ?? {}) as { share?: () => string };
  return share === undefined ? list : share.call(list);
}
