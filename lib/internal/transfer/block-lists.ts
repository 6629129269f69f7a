import type * as nodeNet from 'node:net';
import { addressesPart } from '../later';

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

/** Throws where the list is not shared any more: then there must be no server either. */
export const unpackList = (packed: PackedList): nodeNet.BlockList | undefined =>
  typeof packed === 'string' ? addressesPart().BlockList.from(packed) : packed;
