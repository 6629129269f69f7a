import { binding } from '../native/binding';
import { errnoException } from '../base/errors';
import { guessHandleType } from '../native/descriptor';
import { Handle } from '../native/handle';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';

/**
 * The handle objects of Node's own core, which reach uvnet through `listen({ handle })`,
 * `new Socket({ handle })` and the primary of a cluster. A descriptor may have one owner only, so
 * such a handle is taken over: ours gets a descriptor of its own and core's is closed.
 */
export interface CoreHandle {
  readonly fd: number;
  reading?: boolean;
  readonly writeQueueSize?: number;
  getProviderType(): number;
  readStop(): number;
  hasRef(): boolean;
  close(callback?: () => void): void;
}

/**
 * Core's classes cannot be had from outside. Its handles are told by the method that all wrapped
 * resources have; objects that programs make up to look like a handle lack it.
 */
export function isCoreHandle(value: unknown): value is CoreHandle {
  if (typeof value !== 'object' || value === null || value instanceof Handle) return false;
  const { getProviderType, fd, constructor } = value as Partial<CoreHandle> & object;
  return (
    typeof getProviderType === 'function' &&
    typeof fd === 'number' &&
    (constructor.name === 'TCP' || constructor.name === 'Pipe')
  );
}

/** A handle of ours on a descriptor that it owns from now on. The descriptor is closed on failure. */
export function openDescriptor(fd: number): Handle {
  const handle = guessHandleType(fd) === 'TCP' ? new TCP() : new Pipe();
  const status = handle.open(fd);
  if (status === 0) return handle;
  handle.close();
  binding.closeDescriptor(fd);
  throw errnoException(status, 'open');
}

/** A second descriptor for the same socket. */
export function duplicateDescriptor(fd: number): number {
  const copy = binding.duplicateDescriptor(fd);
  if (copy < 0) throw errnoException(copy, 'dup');
  return copy;
}

/** Takes over what a handle of core's holds, and closes that. */
export function adoptCoreHandle(core: CoreHandle): Handle {
  const { fd } = core;
  // A handle that is neither bound nor connected has no descriptor yet.
  const handle =
    fd >= 0
      ? openDescriptor(duplicateDescriptor(fd))
      : core.constructor.name === 'TCP'
        ? new TCP()
        : new Pipe();
  closeCoreHandle(core);
  return handle;
}

/** A descriptor for what a handle of core's holds, which is closed; or a status. */
export function takeDescriptor(core: CoreHandle): number {
  const copy = binding.duplicateDescriptor(core.fd);
  closeCoreHandle(core);
  return copy;
}

type Close = (this: CoreHandle, callback?: () => void) => void;

/** Core's own `close`, whatever was put over it. */
function closeCoreHandle(core: CoreHandle): void {
  const { close } = Object.getPrototypeOf(core) as { close: Close };
  close.call(core);
}
