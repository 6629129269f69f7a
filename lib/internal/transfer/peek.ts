import { Buffer } from 'node:buffer';
import { binding, errnoByName, nativeState } from '../native/binding';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_STATE,
  ERR_SOCKET_CLOSED,
} from '../base/errors';
import { errnoException } from '../base/system-errors';
import { Handle } from '../native/handle';
import { startReading } from '../socket/read-path';
import type { PendingPeek, SocketImpl } from '../socket/socket-state';
import { kHandle, kPeek } from '../base/symbols';
import { unreadOf } from './unread';
import { validateInteger } from '../base/validators';
import { whenConnected } from '../socket/when-connected';

/** Peeks at the first bytes of a connection without consuming them. */

/** Peek::kMaxSize. */
const MAX_SIZE = 16 * 1024;

const UV_EAGAIN = errnoByName('EAGAIN');

/** A method that uvnet adds to `net.Socket`. */
export interface PeekMethods {
  /**
   * Returns the next bytes of the connection without consuming them. They stay there for the next
   * reader: a 'data' listener, a protocol library that gets the socket, or another process that
   * gets the descriptor. The socket does not read during this time.
   *
   * @param size - how many bytes to wait for: 1 to 16384
   * @returns this many bytes, or fewer if the peer closes the connection first
   * @throws (rejects with) ERR_INVALID_STATE if another peek is in progress or `setEncoding()` was
   *   called; ERR_SOCKET_CLOSED if the socket closes first; ERR_FEATURE_UNAVAILABLE_ON_PLATFORM on
   *   Windows; the error that ends the connection. After ENOBUFS and EMFILE, the connection stays
   *   open: the receive buffer (TCP) is too small for so many bytes, or there is no descriptor,
   *   which waiting needs
   */
  peek(size: number): Promise<Buffer>;
}

/**
 * Stops reading from the kernel. For the stream, the handle seems to go on reading, so that nothing
 * else starts it.
 */
function holdReading(handle: Handle): boolean {
  const wasReading = handle.reading;
  handle.reading = true;
  if (wasReading) handle.readStop();
  return wasReading;
}

function goOnReading(socket: SocketImpl, handle: Handle, wasReading: boolean): void {
  if (socket.destroyed) return;
  // The socket was paused in the meantime, or asked to read for the first time.
  const wanted = handle.reading && (wasReading || socket._readableState.reading);
  handle.reading = false;
  if (wanted) startReading(socket);
}

function settle(socket: SocketImpl, pending: PendingPeek, result: Buffer | number): void {
  socket[kPeek] = undefined;
  socket.off('close', pending.onClose);
  const handle = socket[kHandle];
  if (typeof result !== 'number') {
    if (handle !== null) goOnReading(socket, handle, pending.wasReading);
    pending.resolve(Buffer.concat([pending.before, result]));
    return;
  }
  // The kernel reports an error only once: the next reader would see a normal end.
  const error = errnoException(result, 'read');
  socket.destroy(error);
  pending.reject(error);
}

/** The peek fails, but the connection is not affected. */
function giveUp(socket: SocketImpl, pending: PendingPeek, status: number): void {
  socket[kPeek] = undefined;
  socket.off('close', pending.onClose);
  const handle = socket[kHandle];
  if (handle !== null) goOnReading(socket, handle, pending.wasReading);
  pending.reject(errnoException(status, 'peek'));
}

async function connection(socket: SocketImpl): Promise<Handle> {
  if (socket.connecting) {
    await new Promise<void>((resolve, reject) => {
      whenConnected(socket, resolve, () => reject(new ERR_SOCKET_CLOSED()));
    });
  }
  const handle = socket[kHandle];
  if (!(handle instanceof Handle) || socket.destroyed) throw new ERR_SOCKET_CLOSED();
  return handle;
}

function peekAt(socket: SocketImpl, handle: Handle, size: number): Promise<Buffer> {
  if (socket[kPeek] !== undefined) throw new ERR_INVALID_STATE('a peek is in progress');
  if (handle.relay !== null) throw new ERR_INVALID_STATE('the socket is being relayed');
  const { chunks, encoding } = unreadOf(socket);
  if (encoding !== null) throw new ERR_INVALID_STATE('cannot peek after setEncoding()');
  const before = Buffer.concat(chunks as Buffer[]).subarray(0, size);
  if (before.length === size || socket._readableState.ended) return Promise.resolve(before);

  return new Promise((resolve, reject) => {
    const wasReading = holdReading(handle);
    const onClose = (): void => {
      socket[kPeek] = undefined;
      reject(new ERR_SOCKET_CLOSED());
    };
    const pending: PendingPeek = { before, wasReading, resolve, reject, onClose };
    socket[kPeek] = pending;
    socket.once('close', onClose);
    const bytes = Buffer.alloc(size - before.length);
    const copied = binding.peek(handle.id, bytes);
    if (copied >= 0) settle(socket, pending, bytes.subarray(0, copied));
    else if (copied === UV_EAGAIN) return;
    else if (nativeState[0] === 1) giveUp(socket, pending, copied);
    else settle(socket, pending, copied);
  });
}

export async function peek(socket: SocketImpl, size: number): Promise<Buffer> {
  if (process.platform === 'win32') throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('peek');
  validateInteger(size, 'size', 1, MAX_SIZE);
  // At once if possible, because the socket may have read bytes by the next tick.
  const handle = socket[kHandle];
  if (handle instanceof Handle && !socket.connecting) return peekAt(socket, handle, size);
  return peekAt(socket, await connection(socket), size);
}

/** Ends a peek with the bytes that it waited for, or with an error. */
export function endPeek(socket: SocketImpl, result: Buffer | number): void {
  const pending = socket[kPeek];
  if (pending !== undefined) settle(socket, pending, result);
}
