// The global Buffer has a getter, which would be called for each write.
import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { kOnShutdown, kOnWriteError, kOnWritten } from '../native/handle-events';
import { binding, errnoByName, nativeState } from '../native/binding';
import {
  ERR_NOT_A_BUFFER,
  ERR_SOCKET_CLOSED,
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION,
  genericNodeError,
} from '../base/errors';
import { errnoException } from '../base/system-errors';
import { afterWrite } from '../native/gathering';
import type { Handle } from '../native/handle';
import {
  TEXT_GATHER,
  TEXT_PLAIN,
  TEXT_VECTOR,
  WRITE_DONE,
  WRITE_QUEUED,
} from '../native/native-types';
import type { SocketImpl, WriteCallback } from './socket-state';
import {
  kBytesWritten,
  kDispatched,
  kHandle,
  kLastWriteQueueSize,
  kShutdownCallback,
  kTimedOut,
  kWriteCallback,
} from '../base/symbols';
import { rearm } from './timeouts';
import { whenConnected } from './when-connected';

const UV_ENOTCONN = errnoByName('ENOTCONN');

/** Encodings that the native code writes (native/stream/write_binding.cc has the same numbers). */
const ENCODINGS: Record<string, number> = {
  __proto__: null as never,
  utf8: 0,
  'utf-8': 0,
  latin1: 1,
  binary: 1,
  ascii: 1,
  ucs2: 2,
  'ucs-2': 2,
  utf16le: 2,
  'utf-16le': 2,
};
const BUFFER = -1;

type Data = string | Uint8Array;

function dispatch(handle: Handle, data: Data, encoding: string): number {
  if (typeof data === 'string') {
    const code = ENCODINGS[encoding];
    if (code !== undefined) return binding.writeString(handle.id, data, code, TEXT_PLAIN);
    if (encoding === 'buffer') throw new ERR_NOT_A_BUFFER();
    data = Buffer.from(data, encoding as BufferEncoding);
  }
  return binding.writeBuffer(handle.id, data, false);
}

interface Chunk {
  chunk: Data;
  encoding: string;
}

/**
 * Whether a text ends in the first half of a surrogate pair, which must not be joined with the next
 * text.
 */
const endsInHalf = (text: string): boolean =>
  (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;

/** Joining longer texts copies them once more, which costs more than it saves. */
const MAX_JOINED = 16 * 1024;

/**
 * Joins all chunks to one text, if they are short texts of one encoding and joining keeps their
 * bytes.
 */
function joinTexts(chunks: readonly Chunk[]): string | undefined {
  const { encoding } = chunks[0];
  let text = '';
  for (const { chunk, encoding: own } of chunks) {
    if (typeof chunk !== 'string' || own !== encoding || endsInHalf(text)) return undefined;
    text += chunk;
    if (text.length > MAX_JOINED) return undefined;
  }
  return text;
}

function dispatchVector(handle: Handle, chunks: readonly Chunk[]): number {
  // One call for one text costs a fraction of a call with a list of texts.
  const text = joinTexts(chunks);
  const textCode = text === undefined ? undefined : ENCODINGS[chunks[0].encoding];
  if (textCode !== undefined) return binding.writeString(handle.id, text!, textCode, TEXT_VECTOR);
  const flat: unknown[] = new Array(chunks.length * 2);
  let i = 0;
  for (const { chunk, encoding } of chunks) {
    let data = chunk;
    let code = BUFFER;
    if (typeof data === 'string') {
      code = ENCODINGS[encoding] ?? BUFFER;
      if (code === BUFFER) data = Buffer.from(data, encoding as BufferEncoding);
    }
    flat[i++] = data;
    flat[i++] = code;
  }
  return binding.writev(handle.id, flat);
}

function sizeOf(data: unknown, encoding: string): number {
  if (data == null) return 0;
  if (typeof data === 'string') return Buffer.byteLength(data, encoding as BufferEncoding);
  if (!Array.isArray(data)) return (data as Uint8Array).length;
  let total = 0;
  for (const { chunk, encoding: own } of data as Chunk[]) total += sizeOf(chunk, own);
  return total;
}

/**
 * Calls the callback of a completed write, or keeps it for later.
 *
 * @param size - the size of a queued write; by default of the native write that came last
 */
export function settle(
  socket: SocketImpl,
  status: number,
  callback: WriteCallback,
  size = nativeState[0],
): void {
  if (status === WRITE_QUEUED) {
    socket[kWriteCallback] = callback;
    socket[kLastWriteQueueSize] = size;
  } else if (status < 0) {
    callback(errnoException(status, 'write'));
  } else {
    callback();
  }
}

/**
 * Whether a write needs nothing from Writable's state machine: the socket is connected, no data
 * waits, and there is no callback.
 */
function writesFreely(socket: SocketImpl, handle: Handle | null): handle is Handle {
  if (handle === null || !(handle.id >= 0) || socket.connecting) return false;
  const state = socket._writableState;
  return (
    state.length === 0 &&
    state.corked === 0 &&
    !state.ending &&
    !state.destroyed &&
    !state.errored &&
    socket._write === writeMethods._write
  );
}

function write(this: SocketImpl, chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
  const handle = this[kHandle];
  if (callback === undefined && typeof encoding !== 'function' && writesFreely(this, handle)) {
    const status = writeFreely(this, handle, chunk, encoding);
    if (status === WRITE_DONE) {
      if (this[kTimedOut]) rearm(this);
      return true;
    }
    // Queued or failed: Writable continues, and finds that the chunk was dispatched.
    if (status !== undefined) this[kDispatched] = status;
  }
  return Duplex.prototype.write.call(
    this,
    chunk,
    encoding as BufferEncoding,
    callback as WriteCallback,
  );
}

/**
 * Dispatches a chunk that Writable would pass on unchanged; returns undefined for any other. Only
 * these writes are gathered, because a callback means that the kernel has the bytes. A chunk that
 * fills the buffer alone is not gathered: the program is to know whether the kernel takes it.
 */
function writeFreely(
  socket: SocketImpl,
  handle: Handle,
  chunk: unknown,
  encoding: unknown,
): number | undefined {
  const { highWaterMark, defaultEncoding } = socket._writableState;
  if (typeof chunk === 'string') {
    const code = ENCODINGS[(encoding ?? defaultEncoding) as string];
    if (code === undefined) return undefined;
    const mode = chunk.length < highWaterMark ? TEXT_GATHER : TEXT_PLAIN;
    return afterWrite(binding.writeString(handle.id, chunk, code, mode));
  }
  if (!(chunk instanceof Buffer)) return undefined;
  return afterWrite(binding.writeBuffer(handle.id, chunk, chunk.length < highWaterMark));
}

/** The `write` of a socket without `allowHalfOpen` after the peer has ended. */
export function writeAfterFin(
  this: SocketImpl,
  chunk: unknown,
  encoding?: unknown,
  callback?: unknown,
): boolean {
  if (!this.writableEnded) {
    return Duplex.prototype.write.call(
      this,
      chunk,
      encoding as BufferEncoding,
      callback as WriteCallback,
    );
  }
  const done = typeof encoding === 'function' ? encoding : callback;
  const error = genericNodeError('This socket has been ended by the other party', {
    code: 'EPIPE',
  });
  if (typeof done === 'function') process.nextTick(done, error);
  this.destroy(error);
  return false;
}

export const writeMethods = {
  write,

  _write(this: SocketImpl, data: Data, encoding: string, callback: WriteCallback): void {
    const dispatched = this[kDispatched];
    if (dispatched !== undefined) {
      this[kDispatched] = undefined;
      settle(this, dispatched, callback);
      return;
    }
    this._writeGeneric(false, data, encoding, callback);
  },

  _writev(this: SocketImpl, chunks: readonly Chunk[], callback: WriteCallback): void {
    this._writeGeneric(true, chunks, '', callback);
  },

  _writeGeneric(
    this: SocketImpl,
    vector: boolean,
    data: unknown,
    encoding: string,
    callback: WriteCallback,
  ): void {
    // Before the socket is connected, Writable holds back further writes after this one.
    if (this.connecting) {
      this._pendingData = data;
      this._pendingEncoding = encoding;
      whenConnected(
        this,
        () => this._writeGeneric(vector, data, encoding, callback),
        () => callback(new ERR_SOCKET_CLOSED_BEFORE_CONNECTION()),
      );
      return;
    }
    this._pendingData = null;
    this._pendingEncoding = '';

    const handle = this[kHandle];
    if (handle === null) {
      callback(new ERR_SOCKET_CLOSED());
      return;
    }
    this._unrefTimer();
    const status = vector
      ? dispatchVector(handle, data as Chunk[])
      : dispatch(handle, data as Data, encoding);
    settle(this, status, callback);
  },

  _final(this: SocketImpl, callback: WriteCallback): void {
    if (this.connecting) {
      whenConnected(this, () => this._final(callback));
      return;
    }
    const handle = this[kHandle];
    if (handle === null) {
      callback();
      return;
    }
    const status = handle.shutdown();
    if (status === 0) {
      this[kShutdownCallback] = callback;
    } else if (status === UV_ENOTCONN) {
      callback();
    } else {
      callback(errnoException(status, handle.flushFailed ? 'write' : 'shutdown'));
    }
  },

  [kOnWritten](this: SocketImpl, status: number): void {
    const callback = this[kWriteCallback];
    this[kWriteCallback] = null;
    if (status < 0) {
      callback?.(errnoException(status, 'write'));
      return;
    }
    if (!this.destroyed) {
      if (this[kTimedOut]) rearm(this);
      this[kLastWriteQueueSize] = 0;
    }
    callback?.(null);
  },

  [kOnShutdown](this: SocketImpl, _status: number): void {
    const callback = this[kShutdownCallback];
    this[kShutdownCallback] = null;
    callback?.();
  },

  [kOnWriteError](this: SocketImpl, status: number): void {
    if (!this.destroyed) this.destroy(errnoException(status, 'write'));
  },
};

export const writeGetters = {
  /** How many bytes the native code was given. */
  _bytesDispatched(this: SocketImpl): number {
    const handle = this[kHandle];
    return handle !== null ? handle.bytesWritten : this[kBytesWritten];
  },

  bytesWritten(this: SocketImpl): number | undefined {
    const waiting = this.writableBuffer;
    if (!waiting) return undefined;
    return (
      this._bytesDispatched + sizeOf(waiting, '') + sizeOf(this._pendingData, this._pendingEncoding)
    );
  },
};
