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
import { isBoundSocket } from './bound-handle';
import { openHandle } from '../native/descriptor';
import { Handle } from '../native/handle';
import { takeNodeHandle, isNodeHandle } from '../native/node-handle';
import { letDescriptorsIn } from './receive-descriptors';
import type { SocketOptions } from './constructor-options';
import type { SocketImpl } from './socket-state';

/** Gives a socket its handle, and initializes it. */

type HandleTaker = Pick<SocketImpl, typeof kHandle | typeof kBoundSource | typeof kBoundPath>;

/** Gives the socket the handle from its options. Returns true if the handle is connected. */
export function takeHandle(socket: HandleTaker, options: SocketOptions): boolean {
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
      // bind() gives a pipe a descriptor, but only open() makes it a stream.
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

/** Keeps the option `onread`, if it is valid. */
export function takeUserBuffer(socket: SocketImpl, { onread }: SocketOptions): void {
  if (onread === null || typeof onread !== 'object') return;
  const { buffer, callback } = onread;
  const generator = typeof buffer === 'function';
  if (typeof callback !== 'function' || !(generator || types.isUint8Array(buffer))) return;
  if (generator) {
    // Until the handle requests the first buffer, this one only has to exist.
    socket[kBuffer] = new Uint8Array(0);
    socket[kBufferGenerator] = buffer;
  } else {
    socket[kBuffer] = buffer;
  }
  socket[kBufferCallback] = callback;
}

/** Takes ownership of the socket's handle, if it has one. */
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
