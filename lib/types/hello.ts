import type { ConnectionAttemptInfo } from '../internal/listen/admission';
import type { ProxyInfo } from '../internal/proxy/proxy-info';

/** What a front knows of a connection when it chooses a server for it. */

/**
 * The protocol of a connection, recognised from its first bytes:
 * - `'tls'`: a well-formed ClientHello of SSL 3.0 to TLS 1.3;
 * - `'http1'`: a request line of HTTP/1.0 or 1.1;
 * - `'http2'`: the preface of HTTP/2 without TLS;
 * - `'ssh'`: the version line of an SSH client;
 * - `'proxy'`: a header of the PROXY protocol that the front was not told to read;
 * - `'unknown'`: anything else. This includes a ClientHello that is malformed or longer than 16 KiB.
 */
export type Protocol = 'unknown' | 'tls' | 'http1' | 'http2' | 'ssh' | 'proxy';

/** The contents of a ClientHello. They are empty for other protocols. */
export interface ClientHello {
  /**
   * The host that the client names (SNI), in lower case; undefined if it names none. With an
   * encrypted ClientHello (ECH), this is the public name.
   */
  readonly serverName: string | undefined;
  /** The protocols of ALPN in the client's order, such as `'h2'`, without those of GREASE. */
  readonly alpnProtocols: readonly string[];
  /**
   * The versions that the client supports, named as by `tlsSocket.getProtocol()`, in its order. A
   * client of TLS 1.2 or before sends only its highest version.
   */
  readonly versions: readonly string[];
}

/**
 * The argument of the function that chooses. The addresses are those of the PROXY header if there is
 * one. A connection over a Unix socket has none.
 */
export interface Hello extends ClientHello, Readonly<ConnectionAttemptInfo> {
  readonly protocol: Protocol;
  /** The contents of the PROXY header. */
  readonly proxyInfo: ProxyInfo | undefined;
}
