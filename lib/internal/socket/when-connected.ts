import { kHandle, kWaiting } from '../base/symbols';
import type { SocketImpl } from './socket-state';

/**
 * What waits for a connect that is under way. It belongs to one life of the socket: a socket that is
 * connected anew may emit the 'close' of its life before while it connects, and what waited for that life
 * must not meet the next connection.
 */

/** Calls `connected` when the connect has succeeded, or `closed` when the socket was closed instead. */
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

/** Before the next life begins. */
export function giveUpWaiting(socket: SocketImpl): void {
  for (const giveUp of socket[kWaiting] ?? []) giveUp();
}
