import { kHandle, kWaiting } from '../base/symbols';
import type { SocketImpl } from './socket-state';

/**
 * Callbacks that wait for a connect in progress. They belong to this connect alone. A socket that
 * connects again may emit the 'close' of its earlier connect at the same time, and callbacks that
 * waited for that one must not be called for the next connection.
 */

/** Calls `connected` when the connect succeeds, or `closed` if the socket closes instead. */
export function whenConnected(
  socket: SocketImpl,
  connected: () => void,
  closed?: () => void,
): void {
  const handle = socket[kHandle];
  const waiting = (socket[kWaiting] ??= new Set());
  const end = (then?: () => void): void => {
    waiting.delete(giveUp);
    socket.off('connect', onConnect);
    socket.off('close', onClose);
    then?.();
  };
  const giveUp = (): void => end(closed);
  const onConnect = (): void => end(connected);
  const onClose = (): void => {
    if (!socket.connecting || socket[kHandle] !== handle) giveUp();
  };
  waiting.add(giveUp);
  socket.on('connect', onConnect);
  socket.on('close', onClose);
}

/** Calls the `closed` callbacks, before the socket connects again. */
export function giveUpWaiting(socket: SocketImpl): void {
  for (const giveUp of socket[kWaiting] ?? []) giveUp();
}
