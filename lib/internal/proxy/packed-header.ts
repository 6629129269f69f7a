import { Buffer } from 'node:buffer';
import type { SocketName } from '../native/handle-events';

/** A PROXY header as one string; see native/proxy/packed_header.h. It is read when somebody asks. */

export type PackedHeader = string;

/** The names of both ends of a connection. */
export interface Ends {
  readonly remote: SocketName;
  readonly local: SocketName;
}

/** The contents. The addresses of Unix sockets are paths, and have no ports. */
export interface ProxyParts extends Ends {
  /** 0: there is no header. */
  readonly version: number;
  readonly command: number;
  readonly family: number;
  readonly transport: number;
  readonly tlvs: Buffer;
}

const FAMILY = 2;
const UNIX = 1;
const SOURCE_PORT = 4;
const DESTINATION_PORT = 6;
const SOURCE_LENGTH = 8;
const DESTINATION_LENGTH = 10;
const TLVS_LENGTH = 12;
const FIXED_SIZE = 14;

const uint16 = (packed: PackedHeader, at: number): number =>
  (packed.charCodeAt(at) << 8) | packed.charCodeAt(at + 1);

const destinationStart = (packed: PackedHeader): number =>
  FIXED_SIZE + uint16(packed, SOURCE_LENGTH);

const tlvsStart = (packed: PackedHeader): number =>
  destinationStart(packed) + uint16(packed, DESTINATION_LENGTH);

const headStart = (packed: PackedHeader): number => tlvsStart(packed) + uint16(packed, TLVS_LENGTH);

/** How many bytes of the application were read in search of a header. */
export const headSizeIn = (packed: PackedHeader): number => packed.length - headStart(packed);

/** Those bytes; undefined if there are none. */
export function headIn(packed: PackedHeader): Buffer | undefined {
  const start = headStart(packed);
  return start === packed.length ? undefined : Buffer.from(packed.slice(start), 'latin1');
}

/** Whether the header has addresses of the Internet, which then apply to the connection. */
export function namesEnds(packed: PackedHeader): boolean {
  const family = packed.charCodeAt(FAMILY);
  return family === 4 || family === 6;
}

/** The addresses in it. Without any, the result means nothing. */
export function endsIn(packed: PackedHeader): Ends {
  const middle = destinationStart(packed);
  const source = packed.slice(FIXED_SIZE, middle);
  const destination = packed.slice(middle, tlvsStart(packed));
  const code = packed.charCodeAt(FAMILY);
  if (code === UNIX) {
    // The names of files are UTF-8.
    const [remote, local] = [source, destination].map((text) => Buffer.from(text, 'latin1'));
    return { remote: { address: remote.toString() }, local: { address: local.toString() } };
  }
  const family = `IPv${code}`;
  return {
    remote: { address: source, family, port: uint16(packed, SOURCE_PORT) },
    local: { address: destination, family, port: uint16(packed, DESTINATION_PORT) },
  };
}

export function unpackHeader(packed: PackedHeader): ProxyParts {
  return {
    version: packed.charCodeAt(0),
    command: packed.charCodeAt(1),
    family: packed.charCodeAt(FAMILY),
    transport: packed.charCodeAt(3),
    ...endsIn(packed),
    tlvs: Buffer.from(packed.slice(tlvsStart(packed), headStart(packed)), 'latin1'),
  };
}
