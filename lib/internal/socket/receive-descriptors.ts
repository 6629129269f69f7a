import { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { loadParts } from '../base/parts';
import { kHandle, kReceiveDescriptors } from '../base/symbols';
import { binding } from '../native/binding';
import { Pipe } from '../native/pipe';
import type { SocketImpl } from './socket-state';

/** Turns on receiving of descriptors over Unix sockets. */

/** Accepts descriptors on a Unix socket. Without this, the kernel closes those that arrive. */
export function letDescriptorsIn(socket: SocketImpl): void {
  const handle = socket[kHandle];
  if (!(handle instanceof Pipe)) return;
  const status = binding.receiveDescriptors(handle.id, true);
  if (status !== 0) throw errnoException(status, 'recvmsg');
  socket[kReceiveDescriptors] = true;
}

/** The option `receiveDescriptors` of sockets and servers, if it is true. */
export function wantDescriptors(owner: { [kReceiveDescriptors]?: boolean }): void {
  if (process.platform === 'win32') {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('receiveDescriptors');
  }
  // When descriptors arrive, none may be left to open a file.
  loadParts();
  owner[kReceiveDescriptors] = true;
}
