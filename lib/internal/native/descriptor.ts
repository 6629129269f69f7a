import { ERR_INVALID_FD_TYPE, errnoException } from '../base/errors';
import { guessHandleType, Pipe, TCP, type Handle } from './handle';
import { validateInt32 } from '../base/validators';

/** A handle of the kind that fits a descriptor, not yet opened. */
export function handleFor(fd: number): Handle {
  validateInt32(fd, 'fd', 0);
  const type = guessHandleType(fd);
  if (type === 'PIPE') return new Pipe();
  if (type === 'TCP') return new TCP();
  throw new ERR_INVALID_FD_TYPE(type);
}

/** Takes a descriptor over; it is closed with the handle. */
export function openHandle(fd: number): Handle {
  const handle = handleFor(fd);
  const status = handle.open(fd);
  if (status !== 0) {
    handle.close();
    throw errnoException(status, 'open');
  }
  return handle;
}
