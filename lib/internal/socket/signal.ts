import { onAbort } from '../base/abort';
import { AbortError } from '../base/errors';
import { kAbortion, kSignal } from '../base/symbols';
import type { SocketImpl } from './socket-state';

/**
 * `new Socket({ signal })`: an abort destroys the socket and keeps it from connecting again. A
 * signal may outlive many sockets. So each socket listens to it only while it is open: from the
 * constructor, or a `connect()` that reopens it, to `_destroy()`.
 */

const errorOf = (signal: AbortSignal): AbortError =>
  new AbortError(undefined, { cause: signal.reason });

/** Connects a new socket with its signal. */
export function watchSignal(socket: SocketImpl, signal: AbortSignal): void {
  socket[kSignal] = signal;
  if (signal.aborted) socket.destroy(errorOf(signal));
  else obeySignal(socket);
}

/** Starts to listen to the socket's signal, which is not aborted yet. */
export function obeySignal(socket: SocketImpl): void {
  const signal = socket[kSignal]!;
  socket[kAbortion] = onAbort(signal, () => socket.destroy(errorOf(signal)));
}

export function ignoreSignal(socket: SocketImpl): void {
  socket[kAbortion]!.dispose();
  socket[kAbortion] = undefined;
}

/**
 * Rejects a connect() after the abort with 'error' and 'close', unless these events are pending
 * already.
 */
export function refuseAborted(socket: SocketImpl): void {
  if (socket.destroyed) {
    if (!socket._readableState.closeEmitted) return;
    socket._undestroy();
  }
  socket.destroy(errorOf(socket[kSignal]!));
}
