import { kProxy } from '../base/symbols';
import type { SocketName } from '../native/handle-events';
import type { PackedHeader } from './packed-header';
import { buildProxyInfo, type ProxyInfo } from './proxy-info';

/** The PROXY header of a socket, whoever has made the socket. */

export const kHeader: unique symbol = Symbol('header');
const kInfo: unique symbol = Symbol('info');

/** A handle of Node's that a front has made, or a socket that has lost such a handle. */
export interface HeaderCarrier {
  [kHeader]?: PackedHeader;
  /** Made when somebody asks for it. */
  [kInfo]?: ProxyInfo | undefined;
}

interface NamedHandle extends HeaderCarrier {
  getpeername?(out: SocketName): number;
  getsockname?(out: SocketName): number;
}

/** A socket of uvnet or of Node, or one of TLS above it. */
interface AnySocket extends HeaderCarrier {
  [kProxy]?: ProxyInfo | undefined;
  _handle?: NamedHandle | null;
  _parent?: AnySocket | null;
}

/** Has the socket, if there is one, keep the header when its handle is gone. */
export function passHeader(handle: HeaderCarrier, socket: object | undefined): void {
  if (socket === undefined) return;
  const carrier: HeaderCarrier = socket;
  carrier[kHeader] = handle[kHeader]!;
  carrier[kInfo] = handle[kInfo];
}

function ownName(handle: NamedHandle | null | undefined, name: 'getpeername' | 'getsockname') {
  const out: SocketName = {};
  if (handle != null) {
    const { [name]: method } = Object.getPrototypeOf(handle) as NamedHandle;
    method?.call(handle, out);
  }
  return out;
}

/**
 * What the PROXY header of a connection says: the counterpart of `socket.proxyInfo` for sockets
 * of Node that a front or `toNode()` has made, and for the TLS sockets above them.
 *
 * @returns undefined if the connection had no header, or never belonged to uvnet
 */
export function proxyInfoOf(socket: object): ProxyInfo | undefined {
  let one: AnySocket | null | undefined = socket;
  while (one != null) {
    if (one[kProxy] !== undefined) return one[kProxy];
    const { _handle: handle } = one;
    const carrier: HeaderCarrier = handle?.[kHeader] === undefined ? one : handle;
    const { [kHeader]: header } = carrier;
    if (header !== undefined) {
      carrier[kInfo] ??= buildProxyInfo(
        header,
        ownName(handle, 'getpeername'),
        ownName(handle, 'getsockname'),
      );
      return carrier[kInfo];
    }
    one = one._parent;
  }
  return undefined;
}
