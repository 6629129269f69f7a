import { connectArguments } from '../base/arguments';
import { clientSocketChannel } from '../base/diagnostics';
import { kAbortion, kCloseReport, kConnected, kHandle, kSignal } from '../base/symbols';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import { applyConnected } from '../options/lazy-options';
import { applySettings } from '../socket/settings';
import { obeySignal, refuseAborted } from '../socket/signal';
import type { SocketImpl } from '../socket/socket-state';
import { attachHandle } from '../socket/take-handle';
import { giveUpWaiting } from '../socket/when-connected';
import { checkPlace, startConnect } from './start';

/** `socket.connect()`, for new sockets and for sockets that were connected before. */

/** Adds the handle of a new connection. The socket may have had another handle before. */
function addNextHandle(socket: SocketImpl, pipe: boolean): void {
  socket[kHandle] = pipe ? new Pipe() : new TCP();
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

export const connectMethods = {
  connect(this: SocketImpl, ...args: unknown[]): SocketImpl {
    const normalized = connectArguments<Record<string, unknown>>(args);
    const [options, listener] = normalized;
    if (clientSocketChannel.hasSubscribers) clientSocketChannel.publish({ socket: this });
    if (listener !== null) this.once('connect', listener);
    // TLS over a socket that is connecting waits for that socket.
    if (this._parent?.connecting) return this;

    checkPlace(options);
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
    startConnect(this, options, addNextHandle);
    return this;
  },

  [kConnected](this: SocketImpl): void {
    this.connecting = false;
    this._sockname = null;
    this._unrefTimer();
    applySettings(this, this[kHandle] as TCP);
    const refused = applyConnected(this);
    if (refused !== undefined) {
      this.destroy(refused);
      return;
    }
    this.emit('connect');
    // A read was requested before, and the socket may be paused since. The stream still waits for the
    // data.
    if (this._readableState.reading && !this.destroyed) this._read(0);
    this.emit('ready');
    // Starts reading, or gets the end at once. It consumes nothing.
    if (!this.isPaused()) this.read(0);
  },
};
