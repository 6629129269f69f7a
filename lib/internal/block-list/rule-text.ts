/** Parses the texts of block list rules, as far as TypeScript needs them. */
import { ERR_INVALID_ARG_VALUE } from '../base/errors';
import { validateString } from '../base/validators';

interface Cidr {
  network: string;
  prefix: number;
  family: 4 | 6;
}

/**
 * Splits `network/prefix`. It does not check whether the network is an address.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
export function parseCIDR(cidr: unknown): Cidr {
  validateString(cidr, 'cidr');
  const slash = cidr.lastIndexOf('/');
  if (slash === -1) {
    throw new ERR_INVALID_ARG_VALUE(
      'cidr',
      cidr,
      'must contain a prefix length (e.g. "10.0.0.0/8")',
    );
  }
  const network = cidr.slice(0, slash);
  const digits = cidr.slice(slash + 1);
  const prefix = Number.parseInt(digits, 10);
  if (String(prefix) !== digits || Number.isNaN(prefix)) {
    throw new ERR_INVALID_ARG_VALUE('cidr', cidr, 'prefix length must be a valid integer');
  }
  return { network, prefix, family: network.includes(':') ? 6 : 4 };
}

/** Converts four or sixteen bytes in network order to a text. */
export function bytesToText(bytes: Uint8Array, name: string): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) {
    throw new ERR_INVALID_ARG_VALUE(name, bytes, 'must have 4 or 16 bytes');
  }
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  }
  return groups.join(':');
}

/** A rule in the format of `BlockList.rules`. */
type ParsedRule =
  | { kind: 'address'; family: 4 | 6; address: string }
  | { kind: 'subnet'; family: 4 | 6; network: string; prefix: number }
  | { kind: 'range'; family: 4 | 6; start: string; end: string };

function patterns(family: 4 | 6, address: string, prefix: string, flags: string) {
  const rule = (kind: string, rest: string) => new RegExp(`${kind}: IPv${family} ${rest}`, flags);
  return {
    family,
    word: `IPv${family}`,
    subnet: rule('Subnet', `(${address})/(${prefix})`),
    address: rule('Address', `(${address})`),
    range: rule('Range', `(${address})-(${address})`),
  };
}

const families = [
  patterns(4, '\\d{1,3}(?:\\.\\d{1,3}){3}', '\\d{1,2}', ''),
  patterns(6, '[0-9a-fA-F:.]{1,45}', '[0-9]{1,3}', 'i'),
];

/** Parses a text as Node's `fromJSON` does. It returns the rule, or undefined. */
export function parseRule(text: string): ParsedRule | undefined {
  for (const { family, word, subnet, address, range } of families) {
    if (!text.includes(word)) continue;
    const [, network, prefix] = subnet.exec(text) ?? [];
    if (network !== undefined) {
      return { kind: 'subnet', family, network, prefix: Number(prefix) };
    }
    const [, single] = address.exec(text) ?? [];
    if (single !== undefined) return { kind: 'address', family, address: single };
    const [, start, end] = range.exec(text) ?? [];
    if (start !== undefined && end !== undefined) return { kind: 'range', family, start, end };
  }
  return undefined;
}
