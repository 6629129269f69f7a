import { debuglog } from 'node:util';
import type { SocketName } from '../native/handle-events';
import { unpackHeader, type PackedHeader } from './packed-header';

/** The contents of a PROXY header, as users see them. */

/** One record of a version 2 header. */
export interface ProxyTlv {
  /** The type, 0 to 255 (section 2.2 of the specification). */
  type: number;
  /** The contents. */
  value: Buffer;
}

/** The client's TLS session with the balancer (PP2_TYPE_SSL). */
export interface ProxySsl {
  /** The client used TLS. */
  tls: boolean;
  /** The client presented a certificate on this connection. */
  certificateOnConnection: boolean;
  /** The client presented a certificate at least once in the session. */
  certificateInSession: boolean;
  /** The client presented a certificate, and its verification succeeded. */
  verified: boolean;
  /** The TLS version, such as `TLSv1.3`. */
  version?: string;
  /** Common name in the client's certificate. */
  commonName?: string;
  /** The cipher, such as `ECDHE-RSA-AES128-GCM-SHA256`. */
  cipher?: string;
  /** Algorithm with which the balancer's certificate was signed. */
  signatureAlgorithm?: string;
  /** Algorithm of the key in the balancer's certificate. */
  keyAlgorithm?: string;
  /** Key exchange group of the handshake. */
  group?: string;
  /** Signature scheme of the handshake. */
  signatureScheme?: string;
  /** The client's certificate (DER). */
  clientCertificate?: Buffer;
  /** All records inside, including those without a property here. */
  tlvs: ProxyTlv[];
}

/**
 * The information that the load balancer has sent about this connection; see `socket.proxyInfo`.
 */
export interface ProxyInfo {
  /** Version of the header. */
  version: 1 | 2;
  /**
   * `'local'`: the balancer itself has opened the connection, for example for a health check. The
   * addresses are those of the connection.
   */
  command: 'proxy' | 'local';
  /** Undefined if the header has no addresses. */
  family?: 'IPv4' | 'IPv6' | 'unix';
  /** Undefined if the header has no addresses. */
  transport?: 'stream' | 'datagram';
  /** The address of the client, or a path for the family `'unix'`. */
  sourceAddress?: string;
  /** The port of the client. */
  sourcePort?: number;
  /** The address to which the client connected, or a path. */
  destinationAddress?: string;
  /** The port to which the client connected. */
  destinationPort?: number;
  /** The address of the balancer. */
  peerAddress?: string;
  /** The port of the balancer. */
  peerPort?: number;
  /** The address of this host on the connection. */
  localAddress?: string;
  /** The port of this host on the connection. */
  localPort?: number;
  /** Records of a version 2 header. */
  tlvs: ProxyTlv[];
  /** The application protocol that the client has negotiated (ALPN). */
  alpn?: string;
  /** The host name that the client has requested (SNI). */
  authority?: string;
  /** An identifier of the connection, chosen by the balancer. */
  uniqueId?: Buffer;
  /** Name of the network namespace in which the balancer has accepted the connection. */
  networkNamespace?: string;
  /** The client's TLS session with the balancer. */
  ssl?: ProxySsl;
}

const debug = debuglog('net');

const families: Record<number, ProxyInfo['family']> = { 1: 'unix', 4: 'IPv4', 6: 'IPv6' };
const transports: Record<number, ProxyInfo['transport']> = { 1: 'stream', 2: 'datagram' };

/** Sections 2.2.1 to 2.2.7 of the specification. */
const Tlv = {
  ALPN: 0x01,
  AUTHORITY: 0x02,
  UNIQUE_ID: 0x05,
  SSL: 0x20,
  NETNS: 0x30,
} as const;

/** Records within PP2_TYPE_SSL that are text. */
const sslTexts: Record<
  number,
  | 'version'
  | 'commonName'
  | 'cipher'
  | 'signatureAlgorithm'
  | 'keyAlgorithm'
  | 'group'
  | 'signatureScheme'
> = {
  0x21: 'version',
  0x22: 'commonName',
  0x23: 'cipher',
  0x24: 'signatureAlgorithm',
  0x25: 'keyAlgorithm',
  0x26: 'group',
  0x27: 'signatureScheme',
};
const SSL_CLIENT_CERTIFICATE = 0x28;
/** The flags and the result of the verification, in front of the records. */
const SSL_FIXED_SIZE = 5;

/** Splits records; undefined if they do not fill `bytes` exactly. */
export function splitTlvs(bytes: Buffer): ProxyTlv[] | undefined {
  const tlvs: ProxyTlv[] = [];
  let at = 0;
  while (at + 3 <= bytes.length) {
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return undefined;
    tlvs.push({ type: bytes[at], value: bytes.subarray(at + 3, end) });
    at = end;
  }
  return at === bytes.length ? tlvs : undefined;
}

function parseSsl(value: Buffer): ProxySsl | undefined {
  const tlvs =
    value.length < SSL_FIXED_SIZE ? undefined : splitTlvs(value.subarray(SSL_FIXED_SIZE));
  if (tlvs === undefined) {
    debug('PROXY header: malformed SSL record');
    return undefined;
  }
  const flags = value[0];
  const certificateOnConnection = (flags & 2) !== 0;
  const certificateInSession = (flags & 4) !== 0;
  const ssl: ProxySsl = {
    tls: (flags & 1) !== 0,
    certificateOnConnection,
    certificateInSession,
    verified: (certificateOnConnection || certificateInSession) && value.readUInt32BE(1) === 0,
    tlvs,
  };
  for (const tlv of tlvs) {
    const name = sslTexts[tlv.type];
    if (name !== undefined) ssl[name] = tlv.value.toString();
    else if (tlv.type === SSL_CLIENT_CERTIFICATE) ssl.clientCertificate = tlv.value;
  }
  return ssl;
}

function readTlvs(info: ProxyInfo): void {
  for (const { type, value } of info.tlvs) {
    if (type === Tlv.ALPN) info.alpn = value.toString();
    else if (type === Tlv.AUTHORITY) info.authority = value.toString();
    else if (type === Tlv.UNIQUE_ID) info.uniqueId = value;
    else if (type === Tlv.NETNS) info.networkNamespace = value.toString();
    else if (type === Tlv.SSL) {
      const ssl = parseSsl(value);
      if (ssl !== undefined) info.ssl = ssl;
    }
  }
}

/** `own` has the addresses of the connection itself, if it has any. */
export function buildProxyInfo(
  packed: PackedHeader,
  peer: SocketName,
  local: SocketName,
): ProxyInfo | undefined {
  const { version, command, family, transport, remote, local: target, tlvs } = unpackHeader(packed);
  if (version === 0) return undefined;
  const info: ProxyInfo = {
    version: version as 1 | 2,
    command: command === 0 ? 'local' : 'proxy',
    // The native parser accepts only well-formed records.
    tlvs: splitTlvs(tlvs) ?? [],
  };
  const familyName = families[family];
  if (familyName !== undefined) {
    info.family = familyName;
    const transportName = transports[transport];
    if (transportName !== undefined) info.transport = transportName;
    info.sourceAddress = remote.address!;
    info.destinationAddress = target.address!;
    if (familyName !== 'unix') {
      info.sourcePort = remote.port!;
      info.destinationPort = target.port!;
    }
  }
  if (peer.address !== undefined) {
    info.peerAddress = peer.address;
    info.peerPort = peer.port!;
  }
  if (local.address !== undefined) {
    info.localAddress = local.address;
    info.localPort = local.port!;
  }
  readTlvs(info);
  return info;
}
