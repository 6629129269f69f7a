import { Buffer } from 'node:buffer';
import { kProxy } from '../base/symbols';
import { copyEnds, nameEnds } from '../proxy/name-ends';
import type { Handle } from '../native/handle';
import type { Ends } from '../proxy/packed-header';
import { proxyInfoOf } from '../proxy/info-of';
import type { ProxyInfo } from '../proxy/proxy-info';
import type { SocketImpl } from '../socket/socket-state';

/**
 * Transfers the contents of a PROXY header: the addresses, which the kernel does not know, and the
 * rest. Otherwise the proxy's address would appear as the client's.
 */

type Proxied = Pick<SocketImpl, typeof kProxy>;

/** Sets the addresses on the handle. Code that asks Node's handle, such as TLS, gets them too. */
export function passProxied(old: object, from: object, successor: object, to: object): void {
  copyEnds(from, to);
  const info = proxyInfoOf(old);
  if (info !== undefined) (successor as Proxied)[kProxy] = info;
}

/** The same in a form that structured clone supports. */
export interface PackedProxied {
  readonly info: unknown;
  /** Undefined if the addresses are those of the kernel. */
  readonly names: Ends | undefined;
}

/** Copies a value, with all bytes in it converted by `change`. */
function mapBytes(value: unknown, change: (bytes: Uint8Array) => Uint8Array): unknown {
  if (ArrayBuffer.isView(value)) return change(value as Uint8Array);
  if (Array.isArray(value)) return value.map((item) => mapBytes(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, mapBytes(item, change)]),
  );
}

export function packProxied(socket: SocketImpl, handle: Handle): PackedProxied | undefined {
  const { [kProxy]: info } = socket;
  const isNamed = Object.hasOwn(handle, 'getpeername');
  if (info === undefined && !isNamed) return undefined;
  return {
    info: mapBytes(info, (bytes) => new Uint8Array(bytes)),
    names: isNamed
      ? { remote: { ...socket._getpeername() }, local: { ...socket._getsockname() } }
      : undefined,
  };
}

export function nameProxied(handle: Handle, names: PackedProxied['names']): void {
  if (names !== undefined) nameEnds(handle, names);
}

export const unpackInfo = (info: unknown): ProxyInfo | undefined =>
  mapBytes(info, ({ buffer, byteOffset, length }) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, length),
  ) as ProxyInfo | undefined;
