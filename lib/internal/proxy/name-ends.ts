import type { SocketName } from '../native/handle-events';
import type { TCP } from '../native/tcp';

/** Makes the handle report these addresses for the two ends of its connection. */
export function nameEnds(handle: TCP, remote: SocketName, local: SocketName): void {
  const give = (name: SocketName, out: SocketName): number => {
    Object.assign(out, name);
    return 0;
  };
  handle.getpeername = (out) => give(remote, out);
  handle.getsockname = (out) => give(local, out);
}
