import { binding } from '../native/binding';
import { Handle } from '../native/handle';
import { clearTimeout, setTimeout } from '../base/timers';
import type { ServerImpl } from './server-impl';
import type { SocketImpl } from '../socket/socket-state';
import { kAttemptTimeout, kHandle } from '../base/symbols';
import { TIMEOUT_MAX } from '../socket/timeouts';
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

/**
 * Emits 'connectionAttempt'. Returns false if a listener refused the connection by destroying the
 * socket.
 */
export function isAdmitted(server: ServerImpl, socket: SocketImpl): boolean {
  const remote = socket._getpeername();
  const local = socket._getsockname();
  const info: ConnectionAttemptInfo = {
    remoteAddress: remote.address,
    remotePort: remote.port,
    remoteFamily: remote.family,
    localAddress: local.address,
    localPort: local.port,
    localFamily: local.family,
  };
  server.emit('connectionAttempt', socket, info);
  return !socket.destroyed;
}

function hasSent(socket: SocketImpl): boolean {
  if (socket.bytesRead > 0 || socket.readableDidRead || socket.readableLength > 0) return true;
  // If a socket does not read, its bytes stay in the kernel.
  const handle = socket[kHandle];
  return handle instanceof Handle && binding.unreadBytes(handle.id) > 0;
}

function onLate(server: ServerImpl, socket: SocketImpl): void {
  if (socket.destroyed || hasSent(socket)) return;
  if (!server.emit('connectionAttemptTimeout', socket)) socket.destroy();
}

/**
 * Checks once, when the time is over, whether the connection has sent a byte. So reading costs
 * nothing extra.
 */
export function expectFirstByte(server: ServerImpl, socket: SocketImpl): void {
  const timer = setTimeout(onLate, server[kAttemptTimeout], server, socket);
  timer.unref();
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
