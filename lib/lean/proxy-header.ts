import { binding } from '../internal/native/binding';
import { validateObject, validateOneOf } from '../internal/base/validators';

/** The addresses of a connection, with the property names of a socket. */
export interface ProxiedConnection {
  /** The address of the client. */
  readonly remoteAddress?: string | undefined;
  /** The port of the client. */
  readonly remotePort?: number | undefined;
  /** The address to which the client connected. */
  readonly localAddress?: string | undefined;
  /** The port to which the client connected. */
  readonly localPort?: number | undefined;
}

/** Options of `proxyHeader()`. */
export interface ProxyHeaderOptions {
  /** Version of the PROXY protocol: 1 is a line of text, 2 is binary. Default: 2. */
  version?: 1 | 2 | undefined;
}

/** Converts an IPv4-mapped address, which a dual-stack socket reports for an IPv4 client. */
const unmapped = (address: string | undefined): string | undefined =>
  address?.replace(/^::ffff:(?=\d+\.)/i, '');

/**
 * Makes a PROXY header, which passes the address of a proxy's client to a server. Send it as the
 * first bytes of the connection to the server. The server must expect a header, for example with
 * `createServer({ proxyProtocol })`.
 *
 * @param client - the connection that the proxy has accepted. If it has no addresses, because it
 *   came over a Unix socket or is closed, the header marks them as unknown
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
