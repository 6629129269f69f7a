import { binding } from './binding';
import { errnoException } from '../base/system-errors';
import { openHandle } from './descriptor';
import { Handle } from './handle';
import { Pipe } from './pipe';
import { TCP } from './tcp';

/**
 * The handle objects of Node, which reach uvnet through `listen({ handle })`,
 * `new Socket({ handle })` and the primary of a cluster. A descriptor may have one owner only, so
 * such a handle is taken over: ours gets a descriptor of its own and Node's is closed.
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
 * Node's classes cannot be had from outside. Its handles are recognized by the method that all wrapped
 * resources have; objects that programs make up to look like a handle lack it.
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

/** A second descriptor for the same socket. */
export function duplicateDescriptor(fd: number): number {
  const copy = binding.duplicateDescriptor(fd);
  if (copy < 0) throw errnoException(copy, 'dup');
  return copy;
}

/** A handle of ours on a second descriptor for the same socket. */
export function openCopy(fd: number): Handle {
  const copy = duplicateDescriptor(fd);
  try {
    return openHandle(copy);
  } catch (error) {
    binding.closeDescriptor(copy);
    throw error;
  }
}

/** Takes over what a handle of Node's holds, and closes that. */
export function takeNodeHandle(node: NodeHandle): Handle {
  const { fd } = node;
  // A handle that is neither bound nor connected has no descriptor yet.
  const handle = fd >= 0 ? openCopy(fd) : node.constructor.name === 'TCP' ? new TCP() : new Pipe();
  closeNodeHandle(node);
  return handle;
}

/** A descriptor for what a handle of Node's holds, which is closed; or a status. */
export function takeDescriptor(node: NodeHandle): number {
  const copy = binding.duplicateDescriptor(node.fd);
  closeNodeHandle(node);
  return copy;
}

type Close = (this: NodeHandle, callback?: () => void) => void;

/** Node's own `close`, whatever was put over it. */
function closeNodeHandle(node: NodeHandle): void {
  const { close } = Object.getPrototypeOf(node) as { close: Close };
  close.call(node);
}
