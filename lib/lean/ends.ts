import type { ProxyInfo } from '../internal/proxy/proxy-info';
import type { Endpoint } from '../types/interfaces';

/** What is known of a connection's two ends beside what the native code knows. */
export interface Ends {
  /** The peer, if a PROXY header has named it. */
  remote?: Endpoint;
  /** This end, if a PROXY header has named it, or a program has asked for it. */
  local?: Endpoint;
  proxyInfo?: ProxyInfo;
}

/** Most connections are not in it. */
const endsOf = new WeakMap<object, Ends>();

export const knownEnds = (connection: object): Ends | undefined => endsOf.get(connection);

export function keepEnds(connection: object, ends: Ends): void {
  endsOf.set(connection, { ...endsOf.get(connection), ...ends });
}
