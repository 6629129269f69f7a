import { Buffer } from 'node:buffer';
import type { Server, Socket } from 'node:net';
import { binding } from '../native/binding';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
  ERR_INVALID_HANDLE_TYPE,
  ERR_INVALID_STATE,
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION,
} from '../base/errors';
import { errnoException } from '../base/system-errors';
import { flushGathered } from '../native/gathering';
import { Pipe } from '../native/pipe';
import type { SocketImpl, WriteCallback } from '../socket/socket-state';
import { waitsBehind } from './queue-behind';
import { kHandle, kDescriptorsToSend } from '../base/symbols';
import { validateFunction, validateInt32 } from '../base/validators';
import { settle, writeMethods } from '../socket/write-path';
import { whenConnected } from '../socket/when-connected';

/** Sends descriptors over Unix sockets, in order with the bytes. */

/** A descriptor, or an object that has one. */
export type SendableDescriptor = number | { fd: number } | Socket | Server;

/** Methods that uvnet adds to `net.Socket`. */
export interface DescriptorMethods {
  /**
   * Sends a descriptor with some bytes over a Unix socket to any process (SCM_RIGHTS, unix(7)). It
   * keeps its order among the writes. The descriptor is duplicated at once; the caller keeps its
   * own and may close it. The path of a server on a Unix socket stays when that server is closed,
   * because the receiver can listen on it.
   *
   * @param payload - at least one byte; the descriptor arrives with it
   * @param descriptor - a number, or a Socket, a Server or another object that has one
   * @param callback - called when the kernel has taken both, or with an error
   * @returns as `write()`
   * @throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM on Windows
   */
  sendDescriptor(
    payload: string | Uint8Array,
    descriptor: SendableDescriptor,
    callback?: (error?: Error | null) => void,
  ): boolean;
}

/** Duplicates that wait to be sent, by their chunks. */
const waiting = new WeakMap<object, number>();

function descriptorOf(value: unknown): number {
  if (typeof value === 'number') {
    validateInt32(value, 'descriptor', 0);
    return value;
  }
  if (typeof value !== 'object' || value === null) {
    throw new ERR_INVALID_ARG_TYPE('descriptor', ['number', 'Socket', 'Server'], value);
  }
  const { _handle: inner, fd: own } = value as { _handle?: { fd?: unknown } | null; fd?: unknown };
  const fd = inner?.fd ?? own;
  if (typeof fd !== 'number' || fd < 0) throw new ERR_INVALID_HANDLE_TYPE();
  return fd;
}

function copyOf(payload: unknown): Buffer {
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw new ERR_INVALID_ARG_TYPE('payload', ['string', 'Buffer', 'Uint8Array'], payload);
  }
  if (payload.length === 0) {
    throw new ERR_INVALID_ARG_VALUE('payload', payload, 'must have at least one byte');
  }
  return Buffer.from(payload as string);
}

/**
 * The handle of a server that listens on a path, if that is what is sent. The receiver listens on
 * the same path from now on, so closing this server must not remove it.
 */
function pathOwnerOf(value: unknown, fd: number): Pipe | undefined {
  const { _handle: handle } = value as { _handle?: unknown };
  return handle instanceof Pipe && binding.isListeningDescriptor(fd) === 1 ? handle : undefined;
}

/** Replaces `_write` while descriptors wait, and sends each with its chunk. */
function writeInTurn(
  this: SocketImpl,
  data: string | Uint8Array,
  encoding: string,
  callback: WriteCallback,
): void {
  const fd = typeof data === 'object' ? waiting.get(data) : undefined;
  if (fd === undefined) {
    writeMethods._write.call(this, data, encoding, callback);
    return;
  }
  if (this.connecting) {
    whenConnected(
      this,
      () => writeInTurn.call(this, data, encoding, callback),
      () => callback(new ERR_SOCKET_CLOSED_BEFORE_CONNECTION()),
    );
    return;
  }
  waiting.delete(data as Uint8Array);
  this._unrefTimer();
  const id = this[kHandle]?.id ?? -1;
  settle(this, binding.sendDescriptor(id, data as Uint8Array, fd), callback, data.length);
}

/**
 * Makes a socket with waiting descriptors handle its writes one at a time. All other sockets keep
 * the fast path, and this one returns to it afterwards.
 */
function getInLine(socket: SocketImpl): void {
  socket[kDescriptorsToSend] = (socket[kDescriptorsToSend] ?? 0) + 1;
  if (socket[kDescriptorsToSend] > 1) return;
  Object.assign(socket, { _write: writeInTurn, _writev: null });
}

function leaveLine(socket: SocketImpl, chunk: object): void {
  const unsent = waiting.get(chunk);
  if (unsent !== undefined) {
    waiting.delete(chunk);
    binding.closeDescriptor(unsent);
  }
  if (--socket[kDescriptorsToSend]! > 0) return;
  const own = socket as Partial<Pick<SocketImpl, '_write' | '_writev'>>;
  delete own._write;
  delete own._writev;
}

export function sendDescriptor(
  socket: SocketImpl,
  payload: unknown,
  descriptor: unknown,
  callback?: (error?: Error | null) => void,
): boolean {
  if (process.platform === 'win32') throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('sendDescriptor');
  const chunk = copyOf(payload);
  const fd = descriptorOf(descriptor);
  if (callback !== undefined) validateFunction(callback, 'callback');
  const own = socket[kHandle];
  if (own !== null && !(own instanceof Pipe)) {
    throw new ERR_INVALID_STATE('descriptors can only be sent over Unix sockets');
  }
  if (waitsBehind(socket)) {
    throw new ERR_INVALID_STATE('data that was written to the socket of node:net waits to be sent');
  }
  // The receiver's writes must come after the data that was written to the socket before.
  flushGathered();
  const copy = binding.duplicateDescriptor(fd);
  if (copy < 0) throw errnoException(copy, 'dup');
  waiting.set(chunk, copy);
  getInLine(socket);
  const pathOwner = pathOwnerOf(descriptor, fd);
  if (pathOwner !== undefined) binding.pipeKeepPath(pathOwner.id, true);
  return socket.write(chunk, (error) => {
    leaveLine(socket, chunk);
    if (error && pathOwner !== undefined) binding.pipeKeepPath(pathOwner.id, false);
    callback?.(error);
  });
}
