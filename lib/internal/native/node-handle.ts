import { binding } from './binding';
import { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { openHandle } from './descriptor';
import { Handle } from './handle';
import { Pipe } from './pipe';
import { TCP } from './tcp';

/**
 * Handle objects of Node. They reach uvnet through `listen({ handle })`, `new Socket({ handle })`
 * and the primary of a cluster. A descriptor may have only one owner. So uvnet's handle gets a
 * duplicate of the descriptor, and Node's handle is closed.
 */
export interface NodeHandle {
  readonly fd: number;
  reading?: boolean;
  readonly writeQueueSize?: number;
  getProviderType(): number;
  readStop(): number;
  hasRef(): boolean;
  close(callback?: () => void): void;
}

/**
 * Node's handle classes are not accessible. Its handles are recognised by a method that all of them
 * have, and that objects which imitate a handle lack.
 */
export function isNodeHandle(value: unknown): value is NodeHandle {
  if (typeof value !== 'object' || value === null || value instanceof Handle) return false;
  const { getProviderType, fd, constructor } = value as Partial<NodeHandle> & object;
  return (
    typeof getProviderType === 'function' &&
    typeof fd === 'number' &&
    (constructor.name === 'TCP' || constructor.name === 'Pipe')
  );
}

/** Returns a second descriptor for the same socket. */
export function duplicateDescriptor(fd: number): number {
  const copy = binding.duplicateDescriptor(fd);
  if (copy < 0) throw errnoException(copy, 'dup');
  return copy;
}

/** Makes a handle of uvnet on a second descriptor for the same socket. */
export function openCopy(fd: number): Handle {
  const copy = duplicateDescriptor(fd);
  try {
    return openHandle(copy);
  } catch (error) {
    binding.closeDescriptor(copy);
    throw error;
  }
}

/**
 * Makes a handle of uvnet for the socket of a Node handle, which is closed.
 *
 * @throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM on Windows, where a handle does not have its descriptor: a handle that is
 * bound would be taken for one that is not, and the server would listen on another port.
 */
export function takeNodeHandle(node: NodeHandle): Handle {
  if (process.platform === 'win32') {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('handles of node:net');
  }
  const { fd } = node;
  // A handle that is not bound and not connected has no descriptor yet.
  const handle = fd >= 0 ? openCopy(fd) : node.constructor.name === 'TCP' ? new TCP() : new Pipe();
  closeNodeHandle(node);
  return handle;
}

/** Returns a descriptor for the socket of a Node handle, which is closed; or a status. */
export function takeDescriptor(node: NodeHandle): number {
  const copy = binding.duplicateDescriptor(node.fd);
  closeNodeHandle(node);
  return copy;
}

type Close = (this: NodeHandle, callback?: () => void) => void;

/** Calls Node's original `close`, even if it was replaced on the object. */
function closeNodeHandle(node: NodeHandle): void {
  const { close } = Object.getPrototypeOf(node) as { close: Close };
  close.call(node);
}
