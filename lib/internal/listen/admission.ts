import { clearTimeout, startTimer, TIMEOUT_MAX } from '../base/timers';
import { binding } from '../native/binding';
import type { SocketName } from '../native/handle-events';
import type { ServerImpl } from './server-impl';
import type { SocketImpl } from '../socket/socket-state';
import { kAttemptTimeout } from '../base/symbols';
import { validateInteger } from '../base/validators';

/**
 * Checks after accepting: the listeners of 'connectionAttempt' may refuse a connection, and its
 * first byte must arrive within `connectionAttemptTimeout`.
 */

/** The second argument of a server's 'connectionAttempt'. A pipe has no addresses. */
export interface ConnectionAttemptInfo {
  /** The IP address of the peer. */
  remoteAddress: string | undefined;
  /** The port of the peer. */
  remotePort: number | undefined;
  /** `'IPv4'` or `'IPv6'`. */
  remoteFamily: string | undefined;
  /** The local IP address. */
  localAddress: string | undefined;
  /** The local port. */
  localPort: number | undefined;
  /** `'IPv4'` or `'IPv6'`. */
  localFamily: string | undefined;
}

export const attemptInfo = (remote: SocketName, local: SocketName): ConnectionAttemptInfo => ({
  remoteAddress: remote.address,
  remotePort: remote.port,
  remoteFamily: remote.family,
  localAddress: local.address,
  localPort: local.port,
  localFamily: local.family,
});

/**
 * Emits 'connectionAttempt'. Returns false if a listener refused the connection by destroying the
 * socket.
 */
export function isAdmitted(server: ServerImpl, socket: SocketImpl): boolean {
  const info = attemptInfo(socket._getpeername(), socket._getsockname());
  server.emit('connectionAttempt', socket, info);
  return !socket.destroyed;
}

interface Expected {
  readonly id: number;
  readonly onLate: () => void;
}

function check({ id, onLate }: Expected): void {
  // If nobody reads, the bytes stay in the kernel.
  if (binding.bytesRead(id) === 0 && !(binding.unreadBytes(id) > 0)) onLate();
}

/**
 * Calls `onLate` if the connection has sent no byte when the time is over. That is checked once, so
 * reading costs nothing extra. The caller clears the timer when the connection closes.
 *
 * @param id - the number of the connection's handle
 */
export function expectFirstByte(
  id: number,
  milliseconds: number,
  onLate: () => void,
): NodeJS.Timeout {
  return startTimer(check, milliseconds, { id, onLate });
}

/**
 * Starts the time limit for the first byte of a socket.
 *
 * @param id - the number of its handle
 */
export function limitFirstByte(server: ServerImpl, socket: SocketImpl, id: number): void {
  const timer = expectFirstByte(id, server[kAttemptTimeout], () => {
    if (socket.destroyed || socket.readableDidRead || socket.readableLength > 0) return;
    if (!server.emit('connectionAttemptTimeout', socket)) socket.destroy();
  });
  socket.once('close', () => clearTimeout(timer));
}

export const admissionProperties: PropertyDescriptorMap = {
  connectionAttemptTimeout: {
    configurable: true,
    get(this: ServerImpl): number {
      return this[kAttemptTimeout];
    },
    set(this: ServerImpl, value: number | null | undefined) {
      value ??= 0;
      validateInteger(value, 'connectionAttemptTimeout', 0, TIMEOUT_MAX);
      this[kAttemptTimeout] = value;
    },
  },
};
