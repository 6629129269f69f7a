import { errnoByName } from '../native/binding';
import { debug } from '../base/diagnostics';
import { anyAddress } from '../base/ip';
import { handleFor } from '../native/descriptor';
import type { Handle } from '../native/handle';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import { setOptionsBeforeListen, refusal } from '../options/lazy-options';
import type { OptionPlan } from '../options/socket-options';
import { bindPath, type PathOptions } from './unix-path';

/** Makes handles that are bound but do not listen yet. */

const UV_EINVAL = errnoByName('EINVAL');

/** Sets the socket options of a new handle. If that fails, it closes the handle. */
function setOptions(handle: Handle, plan: OptionPlan | undefined): void {
  const error = setOptionsBeforeListen(handle, plan);
  if (error === undefined) return;
  handle.close();
  throw error;
}

/**
 * Makes a bound handle. On failure, it returns a status.
 *
 * @param plan - socket options
 * @throws the error of a socket option that was refused
 */
export function createServerHandle(
  address: string | null | undefined,
  port: number | null,
  addressType?: number | null,
  fd?: number | null,
  flags?: number,
  // Rest parameters do not count in `length`: programs see a function with five arguments.
  ...[plan, pathOptions]: [plan?: OptionPlan | undefined, pathOptions?: PathOptions | undefined]
): Handle | number {
  let handle: Handle;
  let status = 0;
  if (typeof fd === 'number' && fd >= 0) {
    try {
      handle = handleFor(fd);
    } catch (error) {
      debug('listen: descriptor %d: %s', fd, (error as Error).message);
      return UV_EINVAL;
    }
    status = handle.open(fd);
    if (status !== 0) {
      handle.close();
      return status;
    }
    setOptions(handle, plan);
    return handle;
  }

  if (port === -1 && addressType === -1) {
    const pipe = (handle = new Pipe(undefined, 'PIPESERVERWRAP'));
    if (process.platform === 'win32') {
      const instances = Number.parseInt(process.env['NODE_PENDING_PIPE_INSTANCES'] ?? '');
      if (!Number.isNaN(instances)) pipe.setPendingInstances(instances);
    }
    if (address) status = bindPath(pipe, address, pathOptions);
    if (status === 0) setOptions(pipe, plan);
  } else {
    const tcp = (handle = new TCP(undefined, 'TCPSERVERWRAP'));
    setOptions(tcp, plan);
    if (!address) {
      // If IPv6 is available, it serves both families.
      status = tcp.bind6(anyAddress(6), port!, flags);
      if (status !== 0 && refusal(tcp, status) === undefined) {
        tcp.close();
        return createServerHandle(anyAddress(4), port, undefined, undefined, flags, plan);
      }
    } else if (addressType === 6) {
      status = tcp.bind6(address, port!, flags);
    } else {
      status = tcp.bind(address, port!, flags);
    }
  }
  if (status === 0) return handle;
  const refused = refusal(handle, status);
  handle.close();
  if (refused !== undefined) throw refused;
  return status;
}
