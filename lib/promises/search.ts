import type { Input } from './input';

/** Looks for a delimiter in bytes that come in by and by, at no byte twice. */
export class Search {
  /** How many bytes stand in front of the delimiter, or in front of where it may begin at the earliest. */
  before = 0;
  private searched = 0;
  /** That of the input in which so much was searched. */
  private version = -1;

  constructor(private readonly delimiter: Buffer) {}

  /** @returns how many bytes stand in front of the delimiter; -1 if it is not there yet */
  find(input: Input): number {
    // Other reads may have taken bytes in the meantime.
    const from = this.version === input.version ? this.searched : 0;
    this.version = input.version;
    const found = input.indexOf(this.delimiter, from);
    this.before = found < 0 ? Math.max(input.length - this.delimiter.length + 1, 0) : found;
    this.searched = this.before;
    return found;
  }
}
