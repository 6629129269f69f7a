import { kProxy } from '../base/symbols';
import { nameEnds } from '../proxy/name-ends';
import type { Handle } from '../native/handle';
import type { SocketName } from '../native/handle-events';
import type { TCP } from '../native/tcp';
import type { ProxyInfo } from '../proxy/proxy-info';
import type { SocketImpl } from '../socket/socket-state';

/**
 * What a PROXY header said goes along: the names of the two ends, which the kernel does not know, and the rest.
 * Without them a proxy's address would pass for the client's.
 */

type Proxied = Pick<SocketImpl, typeof kProxy>;

const GETTERS = ['getpeername', 'getsockname'] as const;

/** The names stand on the handle. TLS, say, asks Node's handle, and gets them too. */
export function passProxied(old: object, from: object, successor: object, to: object): void {
  for (const name of GETTERS) {
    if (Object.hasOwn(from, name)) {
      Object.assign(to, { [name]: Reflect.get(from, name) as unknown });
    }
  }
  const { [kProxy]: info } = old as Proxied;
  if (info !== undefined) (successor as Proxied)[kProxy] = info;
}

/** The same in a shape that a structured clone carries. */
export interface PackedProxied {
  readonly info: unknown;
  /** Undefined where they are what the kernel says. */
  readonly names: { readonly remote: SocketName; readonly local: SocketName } | undefined;
}

/** The value with all its bytes as `change` makes them. */
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
  if (names !== undefined) nameEnds(handle as TCP, names.remote, names.local);
}

export const unpackInfo = (info: unknown): ProxyInfo | undefined =>
  mapBytes(info, ({ buffer, byteOffset, length }) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, length),
  ) as ProxyInfo | undefined;
