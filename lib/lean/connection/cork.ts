import { Buffer } from 'node:buffer';
import { ERR_INVALID_ARG_TYPE } from '../../internal/base/errors';
import { received } from '../memory/shared-memory';
import { MAX_COPY } from '../memory/send';

/** The data that a corked connection holds back. */
export interface Corked {
  /** How many calls of `uncork()` are still needed. */
  depth: number;
  chunks: Uint8Array[];
  size: number;
}

/** Adds chunks. It copies bytes that the caller may change, as `write()` does. */
export function holdBack(
  held: Corked,
  chunks: readonly (string | Uint8Array)[],
  encoding?: BufferEncoding,
): void {
  for (const chunk of chunks) {
    let bytes: Uint8Array;
    if (typeof chunk === 'string') {
      bytes = Buffer.from(chunk, encoding);
    } else if (chunk instanceof Uint8Array) {
      const keep = chunk.length > MAX_COPY && chunk.buffer !== received.buffer;
      bytes = keep ? chunk : Buffer.from(chunk);
    } else {
      throw new ERR_INVALID_ARG_TYPE('data', ['string', 'Buffer', 'Uint8Array'], chunk);
    }
    held.chunks.push(bytes);
    held.size += bytes.length;
  }
}
