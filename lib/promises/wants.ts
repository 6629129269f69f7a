import { Buffer } from 'node:buffer';
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } from '../internal/base/errors';
import {
  validateBoolean,
  validateInteger,
  validateObject,
  validateString,
} from '../internal/base/validators';
import { IncompleteRead, MessageTooLong } from './errors';
import type { Input } from './input';
import { iteratorResult } from './iteration';
import type { OperationOptions } from './operation';
import { Search } from './search';

/** What a read waits for. Each kind says when the bytes that came in are enough, and takes them. */
export interface Want<Result> {
  /**
   * Takes the result off the input.
   *
   * @returns undefined if more bytes are needed
   * @throws MessageTooLong; the bytes stay
   */
  take(input: Input): Result | undefined;
  /**
   * The result if no byte follows.
   *
   * @throws IncompleteRead
   */
  atEnd(input: Input): Result;
}

/** Options of {@link Stream.readUntil}. */
export interface ReadUntilOptions extends OperationOptions {
  /** The most bytes in front of the delimiter. Default: 1 MiB. */
  max?: number | undefined;
  /** Whether the delimiter is part of the result. Default: false. */
  includeDelimiter?: boolean | undefined;
}

/** Options of {@link Stream.lines}. */
export interface LinesOptions {
  /** The most bytes of a line, without its end. Default: 1 MiB. */
  max?: number | undefined;
  /** Default: 'utf8'. */
  encoding?: BufferEncoding | undefined;
}

/** Options of {@link Stream.readLine}. */
export interface ReadLineOptions extends LinesOptions, OperationOptions {}

const DEFAULT_MAX = 1024 * 1024;
/** Results are Buffers. */
const LARGEST = 2 ** 31 - 1;

// ---------------------------------------------------------------------------------------------
// Any bytes

class Some implements Want<Buffer | null> {
  constructor(private readonly max: number) {}

  take(input: Input): Buffer | undefined {
    return input.length > 0 ? input.takeChunk(this.max) : undefined;
  }

  atEnd(): null {
    return null;
  }
}

/** The next bytes, whatever there is. */
export const ANY = new Some(Infinity);

/** The next bytes, but no more than so many. */
export function some(max: number | undefined): Want<Buffer | null> {
  if (max === undefined) return ANY;
  validateInteger(max, 'max', 1, LARGEST);
  return new Some(max);
}

// ---------------------------------------------------------------------------------------------
// A number of bytes

class Exactly implements Want<Buffer> {
  constructor(private readonly size: number) {}

  take(input: Input): Buffer | undefined {
    return input.length >= this.size ? input.take(this.size) : undefined;
  }

  atEnd(input: Input): never {
    throw new IncompleteRead(input.takeAll(), `all ${this.size} were there`);
  }
}

export function exactly(size: number): Want<Buffer> {
  validateInteger(size, 'size', 0, LARGEST);
  return new Exactly(size);
}

class Ahead implements Want<Buffer> {
  constructor(private readonly size: number) {}

  take(input: Input): Buffer | undefined {
    return input.length >= this.size ? input.copy(this.size) : undefined;
  }

  atEnd(input: Input): Buffer {
    return input.copy(input.length);
  }
}

/** The first bytes, which stay; fewer if the peer has ended. */
export function ahead(size: number): Want<Buffer> {
  validateInteger(size, 'size', 0, LARGEST);
  return new Ahead(size);
}

// ---------------------------------------------------------------------------------------------
// All up to a delimiter

class Until implements Want<Buffer> {
  private readonly search: Search;

  constructor(
    private readonly delimiter: Buffer,
    private readonly max: number,
    private readonly includesDelimiter: boolean,
  ) {
    this.search = new Search(delimiter);
  }

  take(input: Input): Buffer | undefined {
    const size = this.search.find(input);
    if (this.search.before > this.max) throw new MessageTooLong(this.max);
    if (size < 0) return undefined;
    const { length } = this.delimiter;
    if (this.includesDelimiter) return input.take(size + length);
    const bytes = input.take(size);
    input.skip(length);
    return bytes;
  }

  atEnd(input: Input): never {
    throw new IncompleteRead(input.takeAll(), 'the delimiter');
  }
}

export function until(delimiter: string | Uint8Array, options?: ReadUntilOptions): Want<Buffer> {
  const bytes = typeof delimiter === 'string' ? Buffer.from(delimiter) : delimiter;
  if (!(bytes instanceof Uint8Array)) {
    throw new ERR_INVALID_ARG_TYPE('delimiter', ['string', 'Uint8Array'], delimiter);
  }
  validateInteger(bytes.length, 'delimiter.length', 1, LARGEST);
  const { max = DEFAULT_MAX, includeDelimiter = false } = options ?? {};
  validateInteger(max, 'options.max', 0, LARGEST);
  validateBoolean(includeDelimiter, 'options.includeDelimiter');
  const { buffer, byteOffset, length } = bytes;
  return new Until(Buffer.from(buffer, byteOffset, length), max, includeDelimiter);
}

// ---------------------------------------------------------------------------------------------
// Lines

const LINE_FEED = Buffer.from('\n');
const CARRIAGE_RETURN = 0x0d;

class Line implements Want<string | null> {
  private readonly search = new Search(LINE_FEED);

  constructor(
    private readonly max: number,
    private readonly encoding: BufferEncoding,
  ) {}

  take(input: Input): string | undefined {
    const size = this.search.find(input);
    // A carriage return may be the last of these, and is no part of the line.
    if (this.search.before > this.max + 1) throw new MessageTooLong(this.max);
    if (size < 0) return undefined;
    const text = this.text(input, size);
    input.skip(1);
    return text;
  }

  atEnd(input: Input): string | null {
    return input.length === 0 ? null : this.text(input, input.length);
  }

  private text(input: Input, size: number): string {
    const hasReturn = size > 0 && input.at(size - 1) === CARRIAGE_RETURN;
    const length = hasReturn ? size - 1 : size;
    if (length > this.max) throw new MessageTooLong(this.max);
    const text = input.takeText(length, this.encoding);
    if (hasReturn) input.skip(1);
    return text;
  }
}

/** A line without its end; the last one may have none. */
export function line(options?: LinesOptions): Want<string | null> {
  if (options !== undefined) validateObject(options, 'options');
  const { max = DEFAULT_MAX, encoding = 'utf8' } = options ?? {};
  validateInteger(max, 'options.max', 0, LARGEST);
  validateString(encoding, 'options.encoding');
  // In UTF-16, the byte of a line feed is no line feed.
  if (!Buffer.isEncoding(encoding) || /^(?:utf-?16le|ucs-?2)$/i.test(encoding)) {
    throw new ERR_INVALID_ARG_VALUE('options.encoding', encoding);
  }
  return new Line(max, encoding);
}

/** The same as a function of what every read is made of. */
export const nextLine = (_: undefined, options?: ReadLineOptions): Want<string | null> =>
  line(options);

// ---------------------------------------------------------------------------------------------

/** The same again and again, as an iterator gives it. */
export class Each<Item> implements Want<IteratorResult<Item, undefined>> {
  constructor(private readonly item: Want<Item | null>) {}

  take(input: Input): IteratorResult<Item, undefined> | undefined {
    const value = this.item.take(input);
    return value === undefined ? undefined : { value: value as Item, done: false };
  }

  atEnd(input: Input): IteratorResult<Item, undefined> {
    return iteratorResult(this.item.atEnd(input));
  }
}
