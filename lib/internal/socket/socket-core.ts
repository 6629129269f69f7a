import { Duplex } from 'node:stream';
import { types } from 'node:util';
import { connectArguments } from '../base/arguments';
import { ignoreSignal, obeySignal, refuseAborted } from './signal';
import { binding } from '../native/binding';
import { clientSocketChannel, debug } from '../base/diagnostics';
import { errnoByName } from '../native/errno';
import {
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_HANDLE_TYPE,
  ERR_MISSING_ARGS,
  ERR_SOCKET_CLOSED,
  errnoException,
} from '../base/errors';
import { diallingPart } from '../connect/part';
import { Handle } from '../native/handle';
import { nativeState } from '../native/native-state';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import type { SocketName } from '../native/handle-events';
import { applyConnected, planConnect } from '../options/option-gate';
import type { KeepAliveSetting } from '../options/option-owners';
import type { SocketImpl } from './socket-state';
import {
  kAbortion,
  kBoundPath,
  kBoundSource,
  kBuffer,
  kBufferGenerator,
  kBytesRead,
  kBytesWritten,
  kCloseReport,
  kHandle,
  kKeepAlive,
  kNoDelay,
  kReceiveHandles,
  kSignal,
  kTypeOfService,
} from '../base/symbols';
import { receiveHandles } from './receive-descriptors';
import { stopTimer } from './timeouts';
import { giveUpWaiting, whenConnected } from './when-connected';
import { validateInt32, validateString } from '../base/validators';

/** Connecting, closing, names and options: what is left of Socket besides moving bytes. */

const UV_EBADF = errnoByName('EBADF');
const isWindows = process.platform === 'win32';

/** For the handle of a new connection: the socket may have had another one before. */
function adoptNextHandle(socket: SocketImpl): void {
  if (socket.destroyed) {
    giveUpWaiting(socket);
    if (socket[kCloseReport] !== undefined) process.nextTick(socket[kCloseReport]);
    if (!socket._readableState.closeEmitted) process.nextTick(outlive, socket);
  }
  socket._undestroy();
  socket._sockname = null;
  if (socket[kSignal] !== undefined && socket[kAbortion] === undefined) obeySignal(socket);
  adoptHandle(socket);
}

/**
 * The streams end a life by marks that they set one tick after destroy(). Where the next life has begun
 * by then, it has to do without them, or it would have no 'end' and no 'error'.
 */
function outlive(socket: SocketImpl): void {
  if (socket.destroyed) return;
  for (const state of [socket._readableState, socket._writableState]) {
    state.closeEmitted = false;
    state.errorEmitted = false;
  }
}

/** Makes the handle that the socket was given, if any, its own. */
export function adoptHandle(socket: SocketImpl): void {
  const handle = socket[kHandle];
  if (handle === null) return;
  handle.owner = socket;
  if (socket[kReceiveHandles] === true) receiveHandles(socket);

  let buffer = socket[kBuffer];
  if (buffer === null) return;
  const generate = socket[kBufferGenerator];
  if (generate !== null) {
    buffer = generate();
    if (!types.isUint8Array(buffer)) return;
    socket[kBuffer] = buffer;
  }
  handle.useUserBuffer(buffer);
}

function connected(socket: SocketImpl): void {
  socket.connecting = false;
  socket._sockname = null;
  socket._unrefTimer();
  applyOptions(socket, socket[kHandle] as TCP);
  const refused = applyConnected(socket);
  if (refused !== undefined) {
    socket.destroy(refused);
    return;
  }
  socket.emit('connect');
  // Asked to read before, maybe paused since: what the stream waits for has to come.
  if (socket._readableState.reading && !socket.destroyed) socket._read(0);
  socket.emit('ready');
  // Starts reading, or gets the end at once; consumes nothing.
  if (!socket.isPaused()) socket.read(0);
}

function applyOptions(socket: SocketImpl, handle: TCP): void {
  if (socket[kNoDelay] && handle.setNoDelay) handle.setNoDelay(true);
  const keepAlive = socket[kKeepAlive];
  if (keepAlive?.enable === true && handle.setKeepAlive) {
    handle.setKeepAlive(true, keepAlive.delay, keepAlive.interval, keepAlive.count);
  }
  const typeOfService = socket[kTypeOfService];
  if (typeOfService !== undefined && handle.setTypeOfService) {
    const status = handle.setTypeOfService(typeOfService);
    // Windows often refuses it; the connection is sound all the same.
    if (status !== 0 && status !== UV_EBADF && !isWindows) {
      socket.emit('error', errnoException(status, 'setTypeOfService'));
    }
  }
}

/** Keeps the counters, which go with the handle. */
export function keepByteCounts(socket: SocketImpl, handle: Handle): void {
  if (handle instanceof Handle && binding.byteCounts(handle.id) === 0) {
    socket[kBytesRead] = nativeState[0];
    socket[kBytesWritten] = nativeState[1];
  } else {
    socket[kBytesRead] = handle.bytesRead;
    socket[kBytesWritten] = handle.bytesWritten;
  }
}

/** What tells that the socket is closed: when its handle is, or sooner where the next life begins. */
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

interface KeepAliveOptions {
  enable?: boolean;
  initialDelay?: number;
  interval?: number;
  count?: number;
}

const sameKeepAlive = (a: KeepAliveSetting | null, b: KeepAliveSetting): boolean =>
  b.enable === (a?.enable ?? false) &&
  (!b.enable ||
    (a !== null && a.delay === b.delay && a.interval === b.interval && a.count === b.count));

export const coreMethods = {
  connect(this: SocketImpl, ...args: unknown[]): SocketImpl {
    const normalized = connectArguments<Record<string, unknown>>(args);
    const [options, listener] = normalized;
    if (clientSocketChannel.hasSubscribers) clientSocketChannel.publish({ socket: this });
    if (listener !== null) this.once('connect', listener);
    // TLS over a socket that connects already waits for that one.
    if (this._parent?.connecting) return this;

    const { path } = options;
    if (options['port'] === undefined && path == null) {
      throw new ERR_MISSING_ARGS(['options', 'port', 'path']);
    }
    // Undoes what the end of an earlier connection left.
    if (Object.prototype.hasOwnProperty.call(this, 'write')) {
      delete (this as Partial<SocketImpl>).write;
    }
    if (this.destroyed) {
      this[kHandle] = null;
      this._peername = null;
      this._sockname = null;
    }

    if (this[kSignal]?.aborted === true) {
      refuseAborted(this);
      return this;
    }
    const handle = this[kHandle];
    const pipe = this[kBoundSource] === true && handle !== null ? handle instanceof Pipe : !!path;
    planConnect(this, pipe, options);
    if (handle === null) {
      this[kHandle] = pipe ? new Pipe() : new TCP();
      adoptNextHandle(this);
    }
    this._unrefTimer();
    this.connecting = true;
    const { dialPipe, dialTcp } = diallingPart();

    if (pipe) {
      validateString(path, 'options.path');
      dialPipe(this, path, connected);
    } else {
      dialTcp(this, options as never, connected);
    }
    return this;
  },

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
        // The handle stays in reach for the 'error' event in the next tick.
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

    const server = this._server;
    if (server !== null) {
      server._connections--;
      server._emitCloseIfDrained();
    }
  },

  setNoDelay(this: SocketImpl, enable?: boolean): SocketImpl {
    const value = enable === undefined ? true : Boolean(enable);
    const handle = this[kHandle] as TCP | null;
    if (handle === null) {
      this[kNoDelay] = value;
    } else if (handle.setNoDelay && value !== this[kNoDelay]) {
      this[kNoDelay] = value;
      handle.setNoDelay(value);
    }
    return this;
  },

  setKeepAlive(
    this: SocketImpl,
    enable?: boolean | KeepAliveOptions,
    initialDelay?: number,
    interval?: number,
    count?: number,
  ): SocketImpl {
    if (enable !== null && typeof enable === 'object') {
      ({ enable, initialDelay, interval, count } = enable);
    }
    const setting: KeepAliveSetting = {
      enable: Boolean(enable),
      delay: ~~(initialDelay! / 1000),
      interval: interval === undefined ? undefined : ~~(interval / 1000),
      count,
    };
    const handle = this[kHandle] as TCP | null;
    if (handle === null) {
      this[kKeepAlive] = setting;
    } else if (handle.setKeepAlive && !sameKeepAlive(this[kKeepAlive], setting)) {
      this[kKeepAlive] = setting;
      handle.setKeepAlive(setting.enable, setting.delay, setting.interval, setting.count);
    }
    return this;
  },

  setTypeOfService(this: SocketImpl, tos: number): SocketImpl {
    if (Number.isNaN(tos)) throw new ERR_INVALID_ARG_TYPE('tos', 'number', tos);
    validateInt32(tos, 'tos', 0, 255);
    const handle = this[kHandle] as TCP | null;
    if (handle === null || !handle.setTypeOfService) {
      this[kTypeOfService] = tos;
    } else if (tos !== this[kTypeOfService]) {
      this[kTypeOfService] = tos;
      const status = handle.setTypeOfService(tos);
      if (status !== 0 && !isWindows) throw errnoException(status, 'setTypeOfService');
    }
    return this;
  },

  getTypeOfService(this: SocketImpl): number {
    const known = this[kTypeOfService] ?? 0;
    const handle = this[kHandle] as TCP | null;
    if (handle === null || !handle.getTypeOfService) return known;
    const result = handle.getTypeOfService();
    if (result >= 0) return result;
    if (isWindows) return known;
    throw errnoException(result, 'getTypeOfService');
  },

  ref(this: SocketImpl): SocketImpl {
    const handle = this[kHandle];
    if (handle === null) this.once('connect', coreMethods.ref);
    else if (typeof handle.ref === 'function') handle.ref();
    return this;
  },

  unref(this: SocketImpl): SocketImpl {
    const handle = this[kHandle];
    if (handle === null) this.once('connect', coreMethods.unref);
    else if (typeof handle.unref === 'function') handle.unref();
    return this;
  },

  address(this: SocketImpl): SocketName {
    return this._getsockname();
  },

  _getsockname(this: SocketImpl): SocketName {
    const path = this[kBoundPath];
    if (path !== undefined) return { address: path };
    const handle = this[kHandle] as TCP | null;
    if (handle === null || !handle.getsockname) return {};
    if (this._sockname === null) {
      this._sockname = {};
      handle.getsockname(this._sockname);
    }
    return this._sockname;
  },

  _getpeername(this: SocketImpl): SocketName {
    const handle = this[kHandle] as TCP | null;
    if (handle === null || !handle.getpeername || this.connecting) return this._peername ?? {};
    if (!this._peername) {
      const name: SocketName = {};
      if (handle.getpeername(name) !== 0) return name;
      this._peername = name;
    }
    return this._peername;
  },
};
