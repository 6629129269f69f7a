import type { Buffer as NodeBuffer } from 'node:buffer';

/** Bytes that have come in and that nobody was given yet, in the chunks that they came in. */
export class Input {
  /** How many bytes there are. */
  length = 0;
  private readonly chunks: NodeBuffer[] = [];
  /** Where the unread part of the first chunk begins. */
  private start = 0;

  push(bytes: NodeBuffer): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.length += bytes.length;
  }

  /** Puts bytes in front of the others. */
  unshift(bytes: NodeBuffer): void {
    if (bytes.length === 0) return;
    this.dropStart();
    this.chunks.unshift(bytes);
    this.length += bytes.length;
  }

  /** The first chunk, or what `max` allows of it; there must be one. No byte is copied. */
  takeChunk(max: number): NodeBuffer {
    const [first] = this.chunks;
    return this.take(Math.min(max, first.length - this.start));
  }

  /** Takes so many bytes off the front. They are copied only where they lie in several chunks. */
  take(size: number): NodeBuffer {
    const [first] = this.chunks;
    const end = this.start + size;
    this.length -= size;
    if (first === undefined || end < first.length) {
      if (first === undefined) return Buffer.alloc(0);
      const bytes = first.subarray(this.start, end);
      this.start = end;
      return bytes;
    }
    if (end === first.length) {
      const bytes = this.start === 0 ? first : first.subarray(this.start);
      this.chunks.shift();
      this.start = 0;
      return bytes;
    }
    return this.takeFromSeveral(size);
  }

  /** Takes all that there is. */
  takeAll(): NodeBuffer {
    return this.take(this.length);
  }

  /** Drops so many bytes off the front. */
  skip(size: number): void {
    let left = size;
    this.length -= size;
    while (left > 0) {
      const available = this.chunks[0].length - this.start;
      if (left < available) {
        this.start += left;
        return;
      }
      left -= available;
      this.chunks.shift();
      this.start = 0;
    }
  }

  /** A copy of the first bytes, which stay. */
  copy(size: number): NodeBuffer {
    const bytes = Buffer.allocUnsafe(size);
    this.copyTo(bytes, 0);
    return bytes;
  }

  /**
   * Decodes so many bytes off the front, and takes them. Text needs no copy of bytes that lie in one
   * chunk.
   */
  takeText(size: number, encoding: BufferEncoding): string {
    const [first] = this.chunks;
    const end = this.start + size;
    if (first === undefined || end >= first.length) return this.take(size).toString(encoding);
    const text = first.toString(encoding, this.start, end);
    this.start = end;
    this.length -= size;
    return text;
  }

  /** The byte at a position, which must be there. */
  at(position: number): number {
    let index = this.start + position;
    for (const chunk of this.chunks) {
      if (index < chunk.length) return chunk[index];
      index -= chunk.length;
    }
    return -1;
  }

  /** Where a delimiter begins, at `from` or behind it; -1 where there is none. */
  indexOf(delimiter: NodeBuffer, from: number): number {
    let before = -this.start;
    for (let i = 0; i < this.chunks.length; i += 1) {
      const chunk = this.chunks[i];
      const found = this.indexIn(chunk, before, delimiter, from);
      if (found >= 0) return found;
      before += chunk.length;
      // It may begin in this chunk and end in a later one.
      if (delimiter.length > 1 && i + 1 < this.chunks.length) {
        const across = this.indexAcross(before, delimiter, from);
        if (across >= 0) return across;
      }
    }
    return -1;
  }

  private indexIn(chunk: NodeBuffer, before: number, delimiter: NodeBuffer, from: number): number {
    const start = Math.max(from - before, 0);
    if (start >= chunk.length) return -1;
    const found =
      delimiter.length === 1 ? chunk.indexOf(delimiter[0], start) : chunk.indexOf(delimiter, start);
    return found < 0 ? -1 : before + found;
  }

  /** Looks for one that begins before a position and ends behind it. */
  private indexAcross(position: number, delimiter: NodeBuffer, from: number): number {
    const begin = Math.max(position - delimiter.length + 1, from, 0);
    const end = Math.min(position + delimiter.length - 1, this.length);
    if (end - begin < delimiter.length) return -1;
    const window = Buffer.allocUnsafe(end - begin);
    this.copyTo(window, begin);
    const found = window.indexOf(delimiter);
    return found < 0 ? -1 : begin + found;
  }

  /** Fills a Buffer with the bytes from a position on; there must be enough. */
  private copyTo(target: NodeBuffer, position: number): void {
    let skipped = this.start + position;
    let filled = 0;
    for (const chunk of this.chunks) {
      if (filled === target.length) return;
      if (skipped >= chunk.length) {
        skipped -= chunk.length;
      } else {
        filled += chunk.copy(target, filled, skipped);
        skipped = 0;
      }
    }
  }

  private takeFromSeveral(size: number): NodeBuffer {
    const bytes = Buffer.allocUnsafe(size);
    this.copyTo(bytes, 0);
    this.length += size;
    this.skip(size);
    return bytes;
  }

  private dropStart(): void {
    if (this.start === 0) return;
    this.chunks[0] = this.chunks[0].subarray(this.start);
    this.start = 0;
  }
}
