import { Duplex } from 'node:stream';
import { debug } from '../base/diagnostics';
import { ERR_INVALID_HANDLE_TYPE, ERR_SOCKET_CLOSED } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { kAbortion, kBytesRead, kBytesWritten, kCloseReport, kHandle } from '../base/symbols';
import { binding, nativeState } from '../native/binding';
import { Handle } from '../native/handle';
import { TCP } from '../native/tcp';
import { ignoreSignal } from './signal';
import type { AcceptingServer, SocketImpl } from './socket-state';
import { stopTimer } from './timeouts';
import { whenConnected } from './when-connected';

/** Closing of a socket and its handle. */

/** Saves the counters before the handle is gone. */
export function keepByteCounts(socket: SocketImpl, handle: Handle): void {
  if (handle instanceof Handle && binding.byteCounts(handle.id) === 0) {
    socket[kBytesRead] = nativeState[0];
    socket[kBytesWritten] = nativeState[1];
  } else {
    socket[kBytesRead] = handle.bytesRead;
    socket[kBytesWritten] = handle.bytesWritten;
  }
}

/** A server no longer counts a connection. */
export function uncount(server: AcceptingServer): void {
  server._connections--;
  server._emitCloseIfDrained();
}

/**
 * Reports that the socket is closed: when its handle is closed, or earlier if the socket connects
 * again.
 */
function closeReport(socket: SocketImpl, hadError: boolean): () => void {
  const report = (): void => {
    if (socket[kCloseReport] !== report) return;
    socket[kCloseReport] = undefined;
    debug('emit close');
    socket.emit('close', hadError);
  };
  socket[kCloseReport] = report;
  return report;
}

function closeHandle(
  socket: SocketImpl,
  handle: Handle,
  hadError: boolean,
  cleanUp: boolean,
): void {
  const report = closeReport(socket, hadError);
  handle.close(() => {
    report();
    if (cleanUp && socket[kHandle] === handle) {
      socket[kHandle] = null;
      socket._sockname = null;
    }
  });
}

export const closingMethods = {
  end(this: SocketImpl, data?: unknown, encoding?: unknown, callback?: unknown): SocketImpl {
    const { end } = Duplex.prototype as unknown as { end: (...args: unknown[]) => void };
    end.call(this, data, encoding, callback);
    return this;
  },

  destroySoon(this: SocketImpl): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  },

  resetAndDestroy(this: SocketImpl): SocketImpl {
    const handle = this[kHandle];
    if (handle === null) {
      this.destroy(new ERR_SOCKET_CLOSED());
      return this;
    }
    if (!(handle instanceof TCP)) throw new ERR_INVALID_HANDLE_TYPE();
    if (this.connecting) whenConnected(this, () => this._reset());
    else this._reset();
    return this;
  },

  _reset(this: SocketImpl): SocketImpl {
    this.resetAndClosing = true;
    return this.destroy();
  },

  _destroy(this: SocketImpl, error: Error | null, callback: (error?: Error | null) => void): void {
    debug('destroy');
    this.connecting = false;
    for (let socket: SocketImpl | null = this; socket != null; socket = socket._parent) {
      stopTimer(socket);
    }
    if (this[kAbortion] !== undefined) ignoreSignal(this);

    const handle = this[kHandle];
    if (handle === null) {
      callback(error);
      process.nextTick(() => this.emit('close'));
    } else {
      const hadError = error !== null && error !== undefined;
      keepByteCounts(this, handle);
      if (this.resetAndClosing === true) {
        this.resetAndClosing = false;
        const status = handle.reset(closeReport(this, hadError));
        if (status !== 0) this.emit('error', errnoException(status, 'reset'));
      } else if (this._closeAfterHandlingError) {
        // The handle stays available for the 'error' event in the next tick.
        queueMicrotask(() => closeHandle(this, handle, hadError, true));
      } else {
        closeHandle(this, handle, hadError, false);
      }
      if (!this._closeAfterHandlingError) {
        this[kHandle] = null;
        this._sockname = null;
      }
      callback(error);
    }

    if (this._server !== null) uncount(this._server);
  },
};
