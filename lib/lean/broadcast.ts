import { Buffer } from 'node:buffer';
import { binding } from '../internal/native/binding';
import { ERR_INVALID_ARG_TYPE } from '../internal/base/errors';
import type * as declared from '../types/interfaces';
import type { Connection } from './connection/connection';
import { FINISHED, GONE } from './connection/state-bits';

/** Ids of the receivers, in the form that the native code takes. */
let ids = new Int32Array(1024);

/**
 * Sends the same data to many connections in one call, which encodes a text only once. It skips
 * connections that are closed or were ended. As with `write`, `drain` is called later if data
 * waits.
 *
 * @param connections - an array, a Set or any other iterable
 */
export function broadcast(
  connections: Iterable<declared.Connection>,
  data: string | Uint8Array,
  encoding?: BufferEncoding,
): void {
  const bytes = typeof data === 'string' ? Buffer.from(data, encoding) : data;
  if (!(bytes instanceof Uint8Array)) {
    throw new ERR_INVALID_ARG_TYPE('data', ['string', 'Buffer', 'Uint8Array'], data);
  }
  let count = 0;
  for (const connection of connections as Iterable<Connection>) {
    if ((connection.state & (GONE | FINISHED)) !== 0) continue;
    if (count === ids.length) {
      const larger = new Int32Array(2 * count);
      larger.set(ids);
      ids = larger;
    }
    ids[count] = connection.id;
    count += 1;
  }
  if (count > 0 && bytes.length > 0) binding.leanBroadcast(ids, count, bytes);
}
