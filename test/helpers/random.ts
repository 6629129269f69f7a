// A small seeded generator (the 32-bit "mulberry" mixing function), so that a
// failure can be repeated from the seed it prints.
export class Random {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.integer(0, from.length - 1)];
  }

  /** From 1 to `high`, every order of magnitude equally likely. */
  size(high: number): number {
    return Math.max(1, Math.floor(high ** this.next()));
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at += 4) {
      const word = (this.next() * 2 ** 32) >>> 0;
      for (let byte = 0; byte < 4 && at + byte < length; byte++) {
        bytes[at + byte] = (word >>> (8 * byte)) & 0xff;
      }
    }
    return bytes;
  }
}
