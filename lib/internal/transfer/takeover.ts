import type { Duplex } from 'node:stream';
import { ERR_STREAM_DESTROYED } from '../base/errors';

/**
 * What it takes to let another Socket object go on with a connection: the bytes that were read and
 * not consumed move over, and what the old object had promised to send leaves before anything of
 * the new one's.
 */

/** The parts of both kinds of stream state that are the same from Node 20 to 26. */
interface StreamState {
  readonly _readableState: {
    /** A linked list up to Node 20, since then an array with the number of consumed entries. */
    readonly buffer: Iterable<Buffer | string> & { clear?: () => void; length: number };
    bufferIndex?: number;
    length: number;
    decoder: unknown;
  };
  readonly _writableState: { readonly finalCalled: boolean };
}

/** Bytes (or, after `setEncoding`, texts) that were read and not consumed. */
export interface Unread {
  chunks: (Buffer | string)[];
  encoding: BufferEncoding | null;
  /** The StringDecoder; it may hold the first bytes of a character. */
  decoder: unknown;
}

export function takeUnread(stream: Duplex): Unread {
  const { buffer, bufferIndex = 0, decoder } = (stream as unknown as StreamState)._readableState;
  const chunks = [...buffer].slice(bufferIndex);
  return { chunks, encoding: stream.readableEncoding, decoder };
}

/** Empties the buffer that {@link takeUnread} has copied, as if somebody had read it. */
export function dropUnread(stream: Duplex): void {
  const state = (stream as unknown as StreamState)._readableState;
  if (state.buffer.clear !== undefined) state.buffer.clear();
  else state.buffer.length = 0;
  if (state.bufferIndex !== undefined) state.bufferIndex = 0;
  state.length = 0;
}

export function giveUnread(stream: Duplex, { chunks, encoding, decoder }: Unread): void {
  if (encoding !== null) {
    stream.setEncoding(encoding);
    (stream as unknown as StreamState)._readableState.decoder = decoder;
  }
  for (const chunk of chunks.reverse()) stream.unshift(chunk, encoding ?? undefined);
}

/** Whether the old object has bytes, or a FIN, that did not leave yet. */
export function isBusy(stream: Duplex, writeQueueSize: number): boolean {
  const { finalCalled } = (stream as unknown as StreamState)._writableState;
  return (
    stream.writableLength > 0 || writeQueueSize > 0 || (finalCalled && !stream.writableFinished)
  );
}

/** Whether the write side was shut down, so that nobody can write any more. */
export function isShutDown(stream: Duplex): boolean {
  return (stream as unknown as StreamState)._writableState.finalCalled;
}

type Step = (...args: unknown[]) => void;

/** Keeps what is written to a stream in its own buffer until the function returned is called. */
function holdWrites(stream: Duplex): () => void {
  const own = stream as unknown as Record<'_write' | '_final', Step> & { _writev?: null };
  const held: { name: '_write' | '_final'; args: unknown[] }[] = [];
  for (const name of ['_write', '_final'] as const) {
    own[name] = (...args) => held.push({ name, args });
  }
  own._writev = null;
  const destroyed = (): void => {
    for (const { args } of held) (args.at(-1) as Step)(new ERR_STREAM_DESTROYED('write'));
  };
  stream.once('close', destroyed);
  return () => {
    stream.off('close', destroyed);
    for (const name of ['_write', '_final', '_writev'] as const) Reflect.deleteProperty(own, name);
    if (stream.destroyed) return;
    for (const { name, args } of held) own[name](...args);
  };
}

/**
 * Ends the old object without ending the connection. Where it is busy it stays until its bytes have
 * left, and the successor's wait for that; the two have descriptors of their own.
 */
export function retire(old: Duplex, successor: Duplex, busy: boolean): void {
  if (!busy) {
    old.destroy();
    return;
  }
  const release = holdWrites(successor);
  const own = old as unknown as { _final: Step; _read: () => void };
  // The FIN is the successor's to send, and the bytes are its to read.
  own._final = (done) => (done as () => void)();
  own._read = () => {};
  old.once('error', (error) => successor.destroy(error));
  old.once('close', release);
  old.once('finish', () => old.destroy());
  if (!old.writableEnded) old.end();
}
