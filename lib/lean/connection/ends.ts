import type { ProxyInfo } from '../../internal/proxy/proxy-info';
import type { Endpoint } from '../../types/interfaces';

/** Addresses of a connection that do not come from the native code. */
export interface Ends {
  /** The address of the peer, if it comes from a PROXY header. */
  remote?: Endpoint;
  /** The local address, if it comes from a PROXY header or a program has read it. */
  local?: Endpoint;
  proxyInfo?: ProxyInfo;
}

/** Most connections have no entry. */
const endsOf = new WeakMap<object, Ends>();

export const knownEnds = (connection: object): Ends | undefined => endsOf.get(connection);

export function keepEnds(connection: object, ends: Ends): void {
  endsOf.set(connection, { ...endsOf.get(connection), ...ends });
}
