import { Duplex } from 'node:stream';
import { types } from 'node:util';
import { kOnBytes, kOnReadStatus, kOnUserBytes } from '../native/handle-events';
import { errnoByName } from '../native/binding';
import { errnoException } from '../base/system-errors';
import type { SocketImpl } from './socket-state';
import { kBuffer, kBufferCallback, kBufferGenerator, kHandle, kTimedOut } from '../base/symbols';
import { rearm } from './timeouts';

const UV_EOF = errnoByName('EOF');

export function startReading(socket: SocketImpl): void {
  const handle = socket[kHandle]!;
  handle.reading = true;
  const status = handle.readStart();
  if (status) socket.destroy(errnoException(status, 'read'));
}

function stopReading(socket: SocketImpl): void {
  const handle = socket[kHandle];
  if (handle === null) return;
  handle.reading = false;
  if (socket.destroyed) return;
  const status = handle.readStop();
  if (status) socket.destroy(errnoException(status, 'read'));
}

/** With `onread`, no stream buffer is involved: flow control acts on the handle itself. */
function startUserReading(socket: SocketImpl): void {
  const handle = socket[kHandle];
  if (socket[kBuffer] !== null && !socket.connecting && handle !== null && !handle.reading) {
    startReading(socket);
  }
}

/**
 * Whether `push` would only emit 'data' and request more. This is the case for a stream that flows,
 * holds nothing, decodes nothing, and has used `push` once. It stays in this state until it is
 * paused, and `reading` then still shows that the handle is running.
 */
function flowsFreely(socket: SocketImpl): boolean {
  const state = socket._readableState;
  return (
    state.flowing === true &&
    state.length === 0 &&
    state.reading &&
    !state.sync &&
    state.dataEmitted &&
    !state.ended &&
    !state.destroyed &&
    !state.decoder &&
    !state.multiAwaitDrain &&
    state.awaitDrainWriters === null &&
    socket.listenerCount('data') !== 0
  );
}

export const readMethods = {
  _read(this: SocketImpl, size: number): void {
    const handle = this[kHandle];
    if (handle === null) {
      this.once('connect', () => this._read(size));
    } else if (!this.connecting && !handle.reading) {
      // A connecting socket starts to read when it is connected.
      startReading(this);
    }
  },

  read(this: SocketImpl, size?: number): unknown {
    startUserReading(this);
    return Duplex.prototype.read.call(this, size);
  },

  pause(this: SocketImpl): SocketImpl {
    if (this[kBuffer] !== null && !this.connecting && this[kHandle]?.reading === true) {
      stopReading(this);
    }
    return Duplex.prototype.pause.call(this) as SocketImpl;
  },

  resume(this: SocketImpl): SocketImpl {
    startUserReading(this);
    return Duplex.prototype.resume.call(this) as SocketImpl;
  },

  [kOnBytes](this: SocketImpl, chunk: Buffer): void {
    if (this[kTimedOut]) rearm(this);
    if (flowsFreely(this)) {
      this.emit('data', chunk);
    } else if (!this.destroyed && !this.push(chunk)) {
      stopReading(this);
    }
  },

  [kOnUserBytes](this: SocketImpl, size: number): void {
    if (this[kTimedOut]) rearm(this);
    if (this.destroyed) return;
    const goOn = this[kBufferCallback]!(size, this[kBuffer]!) !== false;
    const generate = this[kBufferGenerator];
    if (generate !== null) {
      const next = generate();
      if (types.isUint8Array(next)) {
        this[kBuffer] = next;
        this[kHandle]?.useUserBuffer(next);
      }
    }
    if (!goOn) stopReading(this);
  },

  [kOnReadStatus](this: SocketImpl, status: number): void {
    if (this[kTimedOut]) rearm(this);
    if (status !== UV_EOF) {
      this.destroy(errnoException(status, 'read'));
      return;
    }
    if (this._readableState.endEmitted) return;
    this.push(null);
    this.read(0);
  },
};
