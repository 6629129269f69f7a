import type { SocketName } from '../native/handle-events';
import { endsIn, type Ends, type PackedHeader } from './packed-header';

/** Addresses that a handle reports in place of those of its connection. */

const kEnds: unique symbol = Symbol('ends');

interface Named {
  [kEnds]: Ends | PackedHeader;
  getpeername?(out: SocketName): number;
  getsockname?(out: SocketName): number;
}

function endsOf(handle: Named): Ends {
  const { [kEnds]: ends } = handle;
  return typeof ends === 'string' ? (handle[kEnds] = endsIn(ends)) : ends;
}

function copy(name: SocketName, out: SocketName): number {
  const { address, family, port } = name;
  if (address !== undefined) out.address = address;
  if (family !== undefined) out.family = family;
  if (port !== undefined) out.port = port;
  return 0;
}

function getpeername(this: Named, out: SocketName): number {
  return copy(endsOf(this).remote, out);
}

function getsockname(this: Named, out: SocketName): number {
  return copy(endsOf(this).local, out);
}

/**
 * Makes the handle report these addresses for the two ends of its connection. A header must have
 * some; see `namesEnds`.
 */
export function nameEnds(handle: object, ends: Ends | PackedHeader): void {
  const named = handle as Named;
  named[kEnds] = ends;
  named.getpeername = getpeername;
  named.getsockname = getsockname;
}

/** Makes another handle report the same addresses, if they were given. */
export function copyEnds(from: object, to: object): void {
  if (Object.hasOwn(from, kEnds)) nameEnds(to, (from as Named)[kEnds]);
}
