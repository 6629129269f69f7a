import { Buffer } from 'node:buffer';
import { binding } from './binding';

/** After this many bytes of chunks, the native code paces the garbage collector. */
const PACED_BYTES = 64 * 1024;
let unpaced = 0;

/** Copies bytes of an area into a chunk, which has memory of its own. */
export function copyChunk(area: Buffer, at: number, size: number): Buffer {
  const chunk = Buffer.allocUnsafeSlow(size);
  area.copy(chunk, 0, at, at + size);
  unpaced += size;
  if (unpaced >= PACED_BYTES) {
    binding.chunksAllocated(chunk, unpaced);
    unpaced = 0;
  }
  return chunk;
}
