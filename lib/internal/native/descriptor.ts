import { ERR_INVALID_FD_TYPE } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { binding } from './binding';
import type { Handle } from './handle';
import { Pipe } from './pipe';
import { TCP } from './tcp';
import { validateInt32 } from '../base/validators';

// The values of enum uv_handle_type.
const HANDLE_TYPES: Record<number, string> = {
  7: 'PIPE',
  12: 'TCP',
  14: 'TTY',
  15: 'UDP',
  17: 'FILE',
};

/** The kind of a descriptor, as libuv detects it. */
export function guessHandleType(fd: number): string {
  return HANDLE_TYPES[binding.guessHandle(fd)] ?? 'UNKNOWN';
}

/** Makes a handle of the right kind for a descriptor, but does not open it. */
export function handleFor(fd: number): Handle {
  validateInt32(fd, 'fd', 0);
  const type = guessHandleType(fd);
  if (type === 'PIPE') return new Pipe();
  if (type === 'TCP') return new TCP();
  throw new ERR_INVALID_FD_TYPE(type);
}

/**
 * Opens a handle on a descriptor, and then owns the descriptor. If this throws, the caller still
 * owns it.
 */
export function openHandle(fd: number): Handle {
  const handle = handleFor(fd);
  const status = handle.open(fd);
  if (status !== 0) {
    handle.close();
    throw errnoException(status, 'open');
  }
  return handle;
}
