import { Buffer } from 'node:buffer';
import { binding } from '../../internal/native/binding';
import { copyChunk } from '../../internal/native/chunks';
import { isDebugBuild, received, receivedWords } from './shared-memory';

/** Makes the Buffers that handlers get, from the bytes of the receive area. */

/** The same numbers as in native/memory/receive_buffer.h. */
const { slabSize: SLAB_SIZE, smallRead: SMALL_READ } = binding;
/** Up to this size, a loop over words is faster than a built-in function. */
const SHORT_COPY = 256;

let slab = Buffer.alloc(0);
let words: Int32Array;
let used = 0;

/** Copies bytes into a Buffer that the program may keep. Small Buffers share a slab. */
export function ownBytes(at: number, size: number): Buffer {
  if (size > SMALL_READ) return copyChunk(received, at, size);
  // The initial slab has length zero, and so has a slab that the program has detached.
  if (used + size > SLAB_SIZE || slab.length === 0) {
    slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
    words = new Int32Array(slab.buffer);
    used = 0;
  }
  const start = used;
  used += (size + 7) & ~7;
  // Messages within a read can start at any offset.
  if (size <= SHORT_COPY && (at & 3) === 0) {
    const end = (start + size + 3) >> 2;
    for (let to = start >> 2, from = at >> 2; to < end; to += 1, from += 1) {
      words[to] = receivedWords[from];
    }
  } else {
    received.copy(slab, start, at, at + size);
  }
  return slab.subarray(start, start + size);
}

/** A cache of views of the first part of the area: one for each position where a read can start. */
const views: Buffer[] = [];
const KEPT_VIEWS = 64 * 1024;

/**
 * For debug builds: checks that a cached view shows the bytes that the native code wrote for this
 * event.
 */
function checkView(view: Buffer, at: number, size: number): void {
  const written = Buffer.from(received.buffer, received.byteOffset + at, size);
  if (view.buffer === received.buffer && view.equals(written)) return;
  throw new Error(`uvnet/lean: a borrowed view is not of the ${size} bytes at ${at}`);
}

/**
 * Returns a view of the area, which is valid until the handler returns. It is usually in the cache.
 */
export function borrowBytes(at: number, size: number): Buffer {
  if (at >= KEPT_VIEWS) return received.subarray(at, at + size);
  const place = at >> 3;
  const known = views[place];
  // Messages within a read can start at any offset.
  if (known !== undefined && known.byteOffset === at && known.length === size) {
    if (isDebugBuild) checkView(known, at, size);
    return known;
  }
  const view = received.subarray(at, at + size);
  views[place] = view;
  return view;
}

const POISON = 0xdb;
const poisons = process.env['UVNET_LEAN_POISON'] === '1';

/**
 * Overwrites borrowed bytes to expose programs that keep them, if requested and in debug builds.
 */
export function returnBytes(bytes: Buffer): void {
  if (poisons || isDebugBuild) bytes.fill(POISON);
}
