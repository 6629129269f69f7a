import { binding } from '../internal/native/binding';
import { validateObject, validateOneOf } from '../internal/base/validators';

/** The two ends of a connection, as a socket has them. */
export interface ProxiedConnection {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

export interface ProxyHeaderOptions {
  /** Of the PROXY protocol: 1 is a line of text, 2 is binary. Default: 2. */
  version?: 1 | 2 | undefined;
}

/** An IPv4 client of a socket that listens for both families is an IPv4 client. */
const unmapped = (address: string | undefined): string | undefined =>
  address?.replace(/^::ffff:(?=\d+\.)/i, '');

/**
 * Makes the PROXY header by which a server learns the address of a proxy's client. It has to be the
 * first bytes of the connection to the server, and the server must expect it, as
 * `createServer({ proxyProtocol })` does.
 *
 * @param client - the connection that the proxy has accepted. If it has no addresses, because it
 *   came over a unix socket or is closed, the header says that they are not known
 */
export function proxyHeader(client: ProxiedConnection, options: ProxyHeaderOptions = {}): Buffer {
  validateObject(client, 'client');
  validateObject(options, 'options');
  const { version = 2 } = options;
  validateOneOf(version, 'options.version', [1, 2]);
  return binding.encodeProxyHeader(
    version,
    unmapped(client.remoteAddress),
    client.remotePort,
    unmapped(client.localAddress),
    client.localPort,
  );
}
