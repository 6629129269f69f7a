import { types } from 'node:util';
import { errnoException } from '../base/system-errors';
import {
  kBoundPath,
  kBoundSource,
  kBuffer,
  kBufferCallback,
  kBufferGenerator,
  kHandle,
  kReceiveDescriptors,
  kTakeHandle,
} from '../base/symbols';
import { isBoundSocket } from '../native/bound-handle';
import { openHandle } from '../native/descriptor';
import { Handle } from '../native/handle';
import { takeNodeHandle, isNodeHandle } from '../native/node-handle';
import { letDescriptorsIn } from './receive-descriptors';
import type { SocketOptions } from './constructor-options';
import type { SocketImpl } from './socket-state';

/** How a socket comes by a handle, and what it does with it first. */

/** Gives the socket the handle its options name. True if that is connected. */
export function takeHandle(socket: SocketImpl, options: SocketOptions): boolean {
  const { handle } = options;
  if (handle instanceof Handle) {
    socket[kHandle] = handle;
    return true;
  }
  if (isBoundSocket(handle)) {
    const path = handle[kBoundPath];
    socket[kHandle] = handle[kTakeHandle]();
    socket[kBoundSource] = true;
    if (path !== undefined) {
      socket[kBoundPath] = path;
      // bind() gives a pipe its descriptor, but only open() makes it a stream.
      const { fd } = socket[kHandle];
      const status = fd >= 0 ? socket[kHandle].open(fd) : 0;
      if (status !== 0) throw errnoException(status, 'open');
    }
    return false;
  }
  if (handle) {
    socket[kHandle] = isNodeHandle(handle) ? takeNodeHandle(handle) : (handle as Handle);
    return true;
  }
  if (options.fd !== undefined) {
    socket[kHandle] = openHandle(options.fd);
    return true;
  }
  return false;
}

/** Keeps the `onread` of the options, if it is one. */
export function takeUserBuffer(socket: SocketImpl, { onread }: SocketOptions): void {
  if (onread === null || typeof onread !== 'object') return;
  const { buffer, callback } = onread;
  const generator = typeof buffer === 'function';
  if (typeof callback !== 'function' || !(generator || types.isUint8Array(buffer))) return;
  if (generator) {
    // Until the handle asks for the first one it only has to be there.
    socket[kBuffer] = new Uint8Array(0);
    socket[kBufferGenerator] = buffer;
  } else {
    socket[kBuffer] = buffer;
  }
  socket[kBufferCallback] = callback;
}

/** Makes the handle that the socket was given, if any, its own. */
export function attachHandle(socket: SocketImpl): void {
  const handle = socket[kHandle];
  if (handle === null) return;
  handle.owner = socket;
  if (socket[kReceiveDescriptors] === true) letDescriptorsIn(socket);

  let buffer = socket[kBuffer];
  if (buffer === null) return;
  const generate = socket[kBufferGenerator];
  if (generate !== null) {
    buffer = generate();
    if (!types.isUint8Array(buffer)) return;
    socket[kBuffer] = buffer;
  }
  handle.useUserBuffer(buffer);
}
