import type { SocketName } from '../native/handle-events';
import type { TCP } from '../native/tcp';

/** Addresses that a handle reports in place of those of its connection. */

const kRemote: unique symbol = Symbol('remote');
const kLocal: unique symbol = Symbol('local');

interface Named {
  [kRemote]: SocketName;
  [kLocal]: SocketName;
}

function copy(name: SocketName, out: SocketName): number {
  const { address, family, port } = name;
  if (address !== undefined) out.address = address;
  if (family !== undefined) out.family = family;
  if (port !== undefined) out.port = port;
  return 0;
}

function getpeername(this: Named, out: SocketName): number {
  return copy(this[kRemote], out);
}

function getsockname(this: Named, out: SocketName): number {
  return copy(this[kLocal], out);
}

/** Makes the handle report these addresses for the two ends of its connection. */
export function nameEnds(handle: TCP, remote: SocketName, local: SocketName): void {
  const named = handle as TCP & Named;
  named[kRemote] = remote;
  named[kLocal] = local;
  named.getpeername = getpeername;
  named.getsockname = getsockname;
}

/** Makes another handle report the same addresses, if they were given. */
export function copyEnds(from: object, to: object): void {
  for (const key of [kRemote, kLocal, 'getpeername', 'getsockname']) {
    if (Object.hasOwn(from, key)) Object.assign(to, { [key]: Reflect.get(from, key) as unknown });
  }
}
