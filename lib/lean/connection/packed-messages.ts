import { Buffer } from 'node:buffer';

/** The smallest length that needs more than one byte. */
const LONG = 0x80;
const FIRST_SIZE = 1024;

/**
 * A queue of messages in one block of memory. Each message follows its length, which has seven bits
 * per byte. An empty message takes one byte; a Buffer of its own would take a hundred.
 */
export class PackedMessages {
  private bytes = Buffer.allocUnsafeSlow(FIRST_SIZE);
  private start = 0;
  private end = 0;

  get isEmpty(): boolean {
    return this.start === this.end;
  }

  push(message: Uint8Array): void {
    this.makeRoom(message.length + 5);
    let length = message.length;
    for (; length >= LONG; length >>>= 7) this.bytes[this.end++] = LONG | length;
    this.bytes[this.end++] = length;
    this.bytes.set(message, this.end);
    this.end += message.length;
  }

  /** Removes the oldest message and returns a copy of it. */
  shift(): Buffer | undefined {
    if (this.isEmpty) return undefined;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.start++];
      length |= (byte & ~LONG) << shift;
      if (byte < LONG) break;
    }
    const message = Buffer.from(this.bytes.subarray(this.start, this.start + length));
    this.start += length;
    return message;
  }

  private makeRoom(size: number): void {
    if (this.end + size <= this.bytes.length) return;
    const held = this.bytes.subarray(this.start, this.end);
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length, 2 * (held.length + size)));
    larger.set(held);
    this.bytes = larger;
    this.end = held.length;
    this.start = 0;
  }
}
