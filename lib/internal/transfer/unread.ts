import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Data that a stream has read but nobody has consumed. It is transferred with the connection. */

/** The parts of the state that are the same from Node 20 to 26. */
interface ReadableState {
  readonly _readableState: {
    /** A linked list up to Node 20; from then on, an array and the number of consumed entries. */
    readonly buffer: Iterable<Buffer | string> & { clear?: () => void; length: number };
    bufferIndex?: number;
    length: number;
    decoder: unknown;
    readonly ended: boolean;
    endEmitted: boolean;
  };
}

const stateOf = (stream: Duplex): ReadableState['_readableState'] =>
  (stream as unknown as ReadableState)._readableState;

/** Bytes (or, after `setEncoding`, texts) that were read but not consumed. */
export interface Unread {
  chunks: (Buffer | string)[];
  encoding: BufferEncoding | null;
  /** The StringDecoder; it may hold the first bytes of a character. */
  decoder: unknown;
  /** Bytes after the chunks that were not decoded yet. */
  rest: Uint8Array;
}

const none = new Uint8Array(0);

export function unreadOf(stream: Duplex, rest: Uint8Array = none): Unread {
  const { buffer, bufferIndex = 0, decoder } = stateOf(stream);
  const chunks = [...buffer].slice(bufferIndex);
  return { chunks, encoding: stream.readableEncoding, decoder, rest };
}

/** Empties the buffer that {@link unreadOf} has copied, as if it had been read. */
export function dropUnread(stream: Duplex): void {
  const state = stateOf(stream);
  if (state.buffer.clear !== undefined) state.buffer.clear();
  else state.buffer.length = 0;
  if (state.bufferIndex !== undefined) state.bufferIndex = 0;
  state.length = 0;
}

/**
 * Makes a stream emit no more 'data' and no 'end', even while it is emitting its buffer. All of
 * this belongs to the new owner.
 */
export function silence(stream: Duplex): void {
  dropUnread(stream);
  const state = stateOf(stream);
  if (state.ended) state.endEmitted = true;
}

export function giveUnread(stream: Duplex, { chunks, encoding, decoder, rest }: Unread): void {
  if (encoding !== null) {
    stream.setEncoding(encoding);
    stateOf(stream).decoder = decoder;
  }
  for (const chunk of chunks.reverse()) stream.unshift(chunk, encoding ?? undefined);
  if (rest.length > 0) stream.push(rest);
}

/** These members are undocumented, but as old as StringDecoder, and covered by its tests. */
interface DecoderState {
  lastChar: Buffer;
  lastNeed: number;
  lastTotal: number;
}

/** The first bytes of a character whose rest has not arrived yet. */
function partialOf(decoder: unknown): Uint8Array {
  const { lastChar, lastNeed, lastTotal } = decoder as DecoderState;
  return new Uint8Array(lastChar.subarray(0, lastTotal - lastNeed));
}

/** Converts all of it to bytes. */
export function unreadBytes({ chunks, encoding, decoder }: Unread): Buffer[] {
  if (encoding === null) return chunks as Buffer[];
  const bytes = chunks.map((chunk) => Buffer.from(chunk as string, encoding));
  return [...bytes, Buffer.from(partialOf(decoder))].filter(({ length }) => length > 0);
}

/** {@link Unread} in a form that structured clone supports. */
export interface PackedUnread {
  chunks: (Uint8Array | string)[];
  encoding: BufferEncoding | null;
  partial: Uint8Array | undefined;
  rest: Uint8Array;
}

export function packUnread({ chunks, encoding, decoder, rest }: Unread): PackedUnread {
  return {
    // Copies, because the clone of a view includes its whole ArrayBuffer.
    chunks: chunks.map((chunk) => (typeof chunk === 'string' ? chunk : new Uint8Array(chunk))),
    encoding,
    partial: encoding === null ? undefined : partialOf(decoder),
    rest: new Uint8Array(rest),
  };
}

const asBuffer = ({ buffer, byteOffset, length }: Uint8Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, length);

export function unpackUnread({ chunks, encoding, partial, rest }: PackedUnread): Unread {
  const decoder = encoding === null ? null : new StringDecoder(encoding);
  if (partial !== undefined) decoder?.write(Buffer.from(partial));
  return {
    chunks: chunks.map((chunk) => (typeof chunk === 'string' ? chunk : asBuffer(chunk))),
    encoding,
    decoder,
    rest: asBuffer(rest),
  };
}
