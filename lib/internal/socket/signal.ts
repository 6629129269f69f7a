import { onAbort } from '../base/abort';
import { AbortError } from '../base/errors';
import { kAbortion, kSignal } from '../base/symbols';
import type { SocketImpl } from './socket-state';

/**
 * `new Socket({ signal })`: an abort destroys the socket and keeps it from connecting again. The
 * signal may outlive many sockets, so each listens to it no longer than it lives: from the constructor,
 * or a `connect()` that revives it, to `_destroy()`.
 */

const errorOf = (signal: AbortSignal): AbortError =>
  new AbortError(undefined, { cause: signal.reason });

/** Puts a new socket under a signal. */
export function watchSignal(socket: SocketImpl, signal: AbortSignal): void {
  socket[kSignal] = signal;
  if (signal.aborted) socket.destroy(errorOf(signal));
  else obeySignal(socket);
}

/** Begins to listen to the socket's signal, which is not aborted yet. */
export function obeySignal(socket: SocketImpl): void {
  const signal = socket[kSignal]!;
  socket[kAbortion] = onAbort(signal, () => socket.destroy(errorOf(signal)));
}

export function ignoreSignal(socket: SocketImpl): void {
  socket[kAbortion]!.dispose();
  socket[kAbortion] = undefined;
}

/** Answers a connect() after the abort: with 'error' and 'close', unless these are still to come. */
export function refuseAborted(socket: SocketImpl): void {
  if (socket.destroyed) {
    if (!socket._readableState.closeEmitted) return;
    socket._undestroy();
  }
  socket.destroy(errorOf(socket[kSignal]!));
}
