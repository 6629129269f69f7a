import { connectArguments } from '../base/arguments';
import { clientSocketChannel } from '../base/diagnostics';
import { ERR_MISSING_ARGS } from '../base/errors';
import { exceptionWithHostPort } from '../base/system-errors';
import { kAbortion, kBoundSource, kCloseReport, kHandle, kSignal } from '../base/symbols';
import { validateString } from '../base/validators';
import { binding } from '../native/binding';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import { applyConnected, planConnect, plansOptions } from '../options/lazy-options';
import { optionsPart } from '../options/part';
import { applySettings } from '../socket/settings';
import { obeySignal, refuseAborted } from '../socket/signal';
import type { SocketImpl } from '../socket/socket-state';
import { attachHandle } from '../socket/take-handle';
import { giveUpWaiting } from '../socket/when-connected';
import { diallingPart } from './part';

/** `socket.connect()`, for new sockets and for sockets that were connected before. */

/** Attaches the handle of a new connection. The socket may have had another handle before. */
function attachNextHandle(socket: SocketImpl): void {
  if (socket.destroyed) {
    giveUpWaiting(socket);
    if (socket[kCloseReport] !== undefined) process.nextTick(socket[kCloseReport]);
    if (!socket._readableState.closeEmitted) process.nextTick(outlive, socket);
  }
  socket._undestroy();
  socket._sockname = null;
  if (socket[kSignal] !== undefined && socket[kAbortion] === undefined) obeySignal(socket);
  attachHandle(socket);
}

/**
 * Streams mark a destroyed socket one tick after destroy(). If the socket connects again before
 * that tick, it must not get these marks, or it would emit no 'end' and no 'error' later.
 */
function outlive(socket: SocketImpl): void {
  if (socket.destroyed) return;
  for (const state of [socket._readableState, socket._writableState]) {
    state.closeEmitted = false;
    state.errorEmitted = false;
  }
}

function connected(socket: SocketImpl): void {
  socket.connecting = false;
  socket._sockname = null;
  socket._unrefTimer();
  applySettings(socket, socket[kHandle] as TCP);
  const refused = applyConnected(socket);
  if (refused !== undefined) {
    socket.destroy(refused);
    return;
  }
  socket.emit('connect');
  // A read was requested before, and the socket may be paused since. The stream still waits for the
  // data.
  if (socket._readableState.reading && !socket.destroyed) socket._read(0);
  socket.emit('ready');
  // Starts reading, or gets the end at once. It consumes nothing.
  if (!socket.isPaused()) socket.read(0);
}

/** Loads the parts that a connect needs. Returns the error if that is impossible. */
function loadPartsFor(socket: SocketImpl, options: Record<string, unknown>): Error | undefined {
  try {
    diallingPart();
    if (plansOptions(socket, options)) optionsPart();
    return undefined;
  } catch (error) {
    const status = tryDescriptor();
    if (status === 0) return error as Error;
    const { path, host, port } = options as { path?: string; host?: string; port?: number };
    const failure = path
      ? exceptionWithHostPort(status, 'connect', path)
      : exceptionWithHostPort(status, 'connect', host ?? 'localhost', port);
    failure.cause = error;
    return failure;
  }
}

/**
 * Opens one descriptor as a test, and returns the status. Without a free descriptor, no file can be
 * loaded and no socket made. Only the latter fails with the right error; `require()` would throw a
 * different one.
 */
function tryDescriptor(): number {
  const handle = new TCP();
  const status = binding.tcpBind(handle.id, '127.0.0.1', 0, 4, false, false);
  handle.close();
  return status;
}

function failLater(socket: SocketImpl, error: Error): void {
  const handle = socket[kHandle];
  process.nextTick(() => {
    if (socket.connecting && socket[kHandle] === handle) socket.destroy(error);
  });
}

export const connectMethods = {
  connect(this: SocketImpl, ...args: unknown[]): SocketImpl {
    const normalized = connectArguments<Record<string, unknown>>(args);
    const [options, listener] = normalized;
    if (clientSocketChannel.hasSubscribers) clientSocketChannel.publish({ socket: this });
    if (listener !== null) this.once('connect', listener);
    // TLS over a socket that is connecting waits for that socket.
    if (this._parent?.connecting) return this;

    const { path } = options;
    if (options['port'] === undefined && path == null) {
      throw new ERR_MISSING_ARGS(['options', 'port', 'path']);
    }
    // Removes the override that the end of an earlier connection has left.
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
    const missing = loadPartsFor(this, options);
    if (missing === undefined) planConnect(this, pipe, options);
    if (handle === null) {
      this[kHandle] = pipe ? new Pipe() : new TCP();
      attachNextHandle(this);
    }
    this._unrefTimer();
    this.connecting = true;
    if (missing !== undefined) {
      failLater(this, missing);
      return this;
    }
    const { dialPipe, dialTcp } = diallingPart();
    if (pipe) {
      validateString(path, 'options.path');
      dialPipe(this, path, connected);
    } else {
      dialTcp(this, options as never, connected);
    }
    return this;
  },
};
