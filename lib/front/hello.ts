import { attemptInfo } from '../internal/listen/admission';
import type { SocketName } from '../internal/native/handle-events';
import type { SniffedParts } from '../internal/native/native-types';
import type { Hello, Protocol } from '../types/hello';
import { proxyInfoOf } from '../internal/proxy/info-of';
import type { AcceptedHandle } from './accepted';

/** The argument of the function that chooses, from what the native code has found. */

/** In the order of Protocol in native/sniff/protocol.h. */
const protocols: readonly Protocol[] = ['unknown', 'tls', 'http1', 'http2', 'ssh', 'proxy'];

const versionNames: Readonly<Record<number, string>> = {
  0x0300: 'SSLv3',
  0x0301: 'TLSv1',
  0x0302: 'TLSv1.1',
  0x0303: 'TLSv1.2',
  0x0304: 'TLSv1.3',
};

/** If the engine had no memory for the parts, nothing is known. */
const nothing: SniffedParts = [0, '', [], []];

export function makeHello(handle: AcceptedHandle, parts: SniffedParts = nothing): Hello {
  const [protocol, serverName, alpnProtocols, versions] = parts;
  const remote: SocketName = {};
  const local: SocketName = {};
  // Pipes have no names.
  handle.getpeername?.(remote);
  handle.getsockname?.(local);
  return {
    protocol: protocols[protocol],
    serverName: serverName === '' ? undefined : serverName,
    alpnProtocols,
    versions: versions.map((version) => versionNames[version]),
    ...attemptInfo(remote, local),
    proxyInfo: proxyInfoOf({ _handle: handle }),
  };
}

export function endsOf(hello: Hello): { remote: SocketName; local: SocketName } {
  const end = (address?: string, port?: number, family?: string): SocketName =>
    address === undefined ? {} : { address, port: port!, family: family! };
  return {
    remote: end(hello.remoteAddress, hello.remotePort, hello.remoteFamily),
    local: end(hello.localAddress, hello.localPort, hello.localFamily),
  };
}
