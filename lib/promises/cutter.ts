import { Buffer } from 'node:buffer';
import { framingError } from '../lean/options/framing';
import type { FramingNumbers } from '../internal/native/native-types';
import { Input } from './input';
import { Search } from './search';

/** Kinds of framing, as the first of their numbers. */
const LENGTH = 0;
const DELIMITER = 1;

/** As lib/lean/options/framing.ts has them. */
const TOO_LONG = 1;
const BAD_LENGTH = 2;
const CUT_OFF = 3;

/** Cuts bytes into messages where the native code cannot: without it, and on a connection that is closed. */
export class MessageCutter {
  /** Set when the bytes break the framing. */
  error: Error | undefined = undefined;
  private readonly input = new Input();
  private readonly delimiter: Buffer;
  private readonly search: Search;

  constructor(private readonly framing: FramingNumbers) {
    this.delimiter = Buffer.from(framing[5] ?? []);
    this.search = new Search(this.delimiter);
  }

  /** The messages that end in these bytes. */
  push(bytes: Buffer): Buffer[] {
    this.input.push(bytes);
    const messages: Buffer[] = [];
    while (this.error === undefined) {
      const message = this.next();
      if (message === undefined) break;
      messages.push(message);
    }
    return messages;
  }

  /** No byte follows. */
  end(): void {
    if (this.input.length > 0) this.error ??= framingError(CUT_OFF);
  }

  /** The bytes that are in no message. */
  takeRest(): Buffer {
    return this.input.takeAll();
  }

  private next(): Buffer | undefined {
    const [type, size] = this.framing;
    if (type === LENGTH) return this.nextByLength();
    if (type === DELIMITER) return this.nextByDelimiter();
    return this.input.length >= size ? this.input.take(size) : undefined;
  }

  private nextByDelimiter(): Buffer | undefined {
    const { input, delimiter } = this;
    const max = this.framing[4];
    const size = this.search.find(input);
    if (this.search.before > max) {
      this.error = framingError(TOO_LONG);
      return undefined;
    }
    if (size < 0) return undefined;
    const message = input.take(size);
    input.skip(delimiter.length);
    return message;
  }

  private nextByLength(): Buffer | undefined {
    const { input } = this;
    const [, width, little, includesHeader, max] = this.framing;
    if (input.length < width) return undefined;
    let size = includesHeader ? -width : 0;
    for (let i = 0; i < width; i += 1) size += input.at(i) * 256 ** (little ? i : width - 1 - i);
    if (size < 0 || size > max) {
      this.error = framingError(size < 0 ? BAD_LENGTH : TOO_LONG);
      return undefined;
    }
    if (input.length < width + size) return undefined;
    input.skip(width);
    return input.take(size);
  }
}
