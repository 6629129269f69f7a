import { Buffer } from 'node:buffer';

/**
 * Chunks below this size are gathered in a larger one. Otherwise a peer that sends byte by byte would
 * cost an object, and a step of every search, for each byte.
 */
const SMALL = 1024;
const MOST_GATHERED = 16 * 1024;

/** Bytes that have come in and that nobody was given yet, in the chunks that they came in. */
export class Input {
  /** How many bytes there are. */
  length = 0;
  /** Changes when bytes are taken or put back: positions of before are no longer true then. */
  version = 0;
  private chunks: Buffer[] = [];
  /** The first of the chunks that has unread bytes. Those before it were taken. */
  private head = 0;
  /** Where the unread part of that chunk begins. */
  private start = 0;
  /** The chunk that small ones are gathered in, while it is the last one. */
  private gathered: Buffer | undefined = undefined;

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.length += bytes.length;
    if (bytes.length >= SMALL || this.chunks.length === 0 || !this.gather(bytes)) {
      this.chunks.push(bytes);
    }
  }

  /** Puts bytes in front of the others. */
  unshift(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.start > 0) this.chunks[this.head] = this.chunks[this.head].subarray(this.start);
    this.start = 0;
    if (this.head === 0) this.chunks.unshift(bytes);
    else this.chunks[(this.head -= 1)] = bytes;
    this.length += bytes.length;
    this.version += 1;
  }

  /** The first chunk, or what `max` allows of it; there must be one. No byte is copied. */
  takeChunk(max: number): Buffer {
    return this.take(Math.min(max, this.chunks[this.head].length - this.start));
  }

  /** Takes so many bytes off the front. They are copied only where they lie in several chunks. */
  take(size: number): Buffer {
    const first = this.chunks[this.head] as Buffer | undefined;
    if (first === undefined) return Buffer.alloc(0);
    const end = this.start + size;
    if (end > first.length) return this.takeFromSeveral(size);
    const bytes =
      this.start === 0 && end === first.length ? first : first.subarray(this.start, end);
    this.skip(size);
    return bytes;
  }

  /** Takes all that there is. */
  takeAll(): Buffer {
    return this.take(this.length);
  }

  /** Drops so many bytes off the front. */
  skip(size: number): void {
    let end = this.start + size;
    this.length -= size;
    this.version += 1;
    while (this.head < this.chunks.length && end >= this.chunks[this.head].length) {
      end -= this.chunks[this.head].length;
      this.dropChunk();
    }
    this.start = end;
  }

  /** A copy of the first bytes, which stay. */
  copy(size: number): Buffer {
    return this.copyOf(0, size);
  }

  /**
   * Decodes so many bytes off the front, and takes them. Text needs no copy of bytes that lie in one
   * chunk.
   */
  takeText(size: number, encoding: BufferEncoding): string {
    const first = this.chunks[this.head] as Buffer | undefined;
    const end = this.start + size;
    if (first === undefined || end >= first.length) return this.take(size).toString(encoding);
    const text = first.toString(encoding, this.start, end);
    this.start = end;
    this.length -= size;
    this.version += 1;
    return text;
  }

  /** The byte at a position, which must be there. */
  at(position: number): number {
    const index = this.chunkAt(position);
    return this.chunks[index][position - this.chunkStart];
  }

  /** Where a delimiter begins, at `from` or behind it; -1 where there is none. */
  indexOf(delimiter: Buffer, from: number): number {
    if (from >= this.length) return -1;
    let index = this.chunkAt(from);
    let before = this.chunkStart;
    for (; index < this.chunks.length; index += 1) {
      const chunk = this.chunks[index];
      const found = indexIn(chunk, delimiter, Math.max(from - before, 0));
      if (found >= 0) return before + found;
      before += chunk.length;
      // It may begin in this chunk and end in a later one.
      if (delimiter.length > 1 && index + 1 < this.chunks.length) {
        const across = this.indexAcross(before, delimiter, from);
        if (across >= 0) return across;
      }
    }
    return -1;
  }

  /** Looks for one that begins before a position and ends behind it. */
  private indexAcross(position: number, delimiter: Buffer, from: number): number {
    const begin = Math.max(position - delimiter.length + 1, from, 0);
    const end = Math.min(position + delimiter.length - 1, this.length);
    if (end - begin < delimiter.length) return -1;
    const found = this.copyOf(begin, end - begin).indexOf(delimiter);
    return found < 0 ? -1 : begin + found;
  }

  /** Set by {@link chunkAt}: where its chunk begins; below 0 if some of it was taken. */
  private chunkStart = 0;

  /** The index of the chunk with a position. It walks from the end, where searches go on. */
  private chunkAt(position: number): number {
    let index = this.chunks.length - 1;
    let before = this.length - this.chunks[index].length;
    while (before > position) {
      index -= 1;
      before -= this.chunks[index].length;
    }
    this.chunkStart = before;
    return index;
  }

  /** A copy of so many bytes from a position on; they must be there. */
  private copyOf(position: number, size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size);
    if (size === 0) return bytes;
    let index = this.chunkAt(position);
    let filled = this.chunks[index].copy(bytes, 0, position - this.chunkStart);
    while (filled < size) filled += this.chunks[(index += 1)].copy(bytes, filled);
    return bytes;
  }

  private takeFromSeveral(size: number): Buffer {
    const bytes = this.copyOf(0, size);
    this.skip(size);
    return bytes;
  }

  /** Appends a small chunk to the last one, unless that is large. */
  private gather(bytes: Buffer): boolean {
    const lastIndex = this.chunks.length - 1;
    const last = this.chunks[lastIndex];
    const length = last.length + bytes.length;
    let memory: Buffer;
    if (last === this.gathered && length <= last.buffer.byteLength) {
      memory = Buffer.from(last.buffer);
    } else {
      if (length > MOST_GATHERED || (last !== this.gathered && last.length >= SMALL)) return false;
      memory = Buffer.allocUnsafeSlow(Math.min(2 * Math.max(length, SMALL / 2), MOST_GATHERED));
      memory.set(last);
    }
    // What was given away of this memory lies in front of it.
    memory.set(bytes, last.length);
    this.gathered = this.chunks[lastIndex] = memory.subarray(0, length);
    return true;
  }

  private dropChunk(): void {
    if (this.chunks[this.head] === this.gathered) this.gathered = undefined;
    this.head += 1;
    if (this.head === this.chunks.length) {
      this.chunks.length = 0;
      this.head = 0;
    } else if (this.head > 32 && 2 * this.head > this.chunks.length) {
      this.chunks = this.chunks.slice(this.head);
      this.head = 0;
    }
  }
}

function indexIn(chunk: Buffer, delimiter: Buffer, from: number): number {
  return delimiter.length === 1
    ? chunk.indexOf(delimiter[0], from)
    : chunk.indexOf(delimiter, from);
}
