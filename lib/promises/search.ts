import type { Input } from './input';

/** Looks for a delimiter in bytes that come in by and by, at no byte twice. */
export class Search {
  /** How many bytes stand in front of the delimiter, or in front of where it may begin at the earliest. */
  before = 0;
  private searched = 0;

  constructor(private readonly delimiter: Buffer) {}

  /**
   * The caller takes what stands in front of a delimiter that was found, with it, or finds it again.
   *
   * @returns how many bytes stand in front of the delimiter; -1 if it is not there yet
   */
  find(input: Input): number {
    const found = input.indexOf(this.delimiter, this.searched);
    this.before = found < 0 ? Math.max(input.length - this.delimiter.length + 1, 0) : found;
    this.searched = found < 0 ? this.before : 0;
    return found;
  }
}
