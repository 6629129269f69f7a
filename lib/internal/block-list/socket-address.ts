import type * as nodeNet from 'node:net';
import { netModule } from '../base/builtins';
import { ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, invalidAddress } from '../base/errors';
import { isNodeObject } from '../base/node-object';
import { isIPv6 } from '../base/ip';
import { validateObject, validatePort, validateString, validateUint32 } from '../base/validators';

/** The largest IPv6 flow label: 20 bits (RFC 8200, section 6). */
const MAX_FLOW_LABEL = 0xfffff;

const isNodeAddress = isNodeObject(() => new (netModule().SocketAddress)({}));

/** Options of {@link SocketAddress}. */
export interface SocketAddressOptions {
  /** An IPv4 or IPv6 address. Default: `'127.0.0.1'`, or `'::'` for the family `'ipv6'`. */
  address?: string | undefined;
  /** Default: the family of the address, or `'ipv4'` without an address. */
  family?: 'ipv4' | 'ipv6' | undefined;
  /** Default: 0. */
  port?: number | undefined;
  /** For IPv6 only, at most 20 bits. Default: 0. */
  flowlabel?: number | undefined;
}

/** All parts of a {@link SocketAddress}. */
export interface SocketAddressParts {
  /** The IP address. */
  address: string;
  /** The family of the address. */
  family: 'ipv4' | 'ipv6';
  /** The port. */
  port: number;
  /** The IPv6 flow label; 0 for IPv4. */
  flowlabel: number;
}

/** Defaults and checks, in the order and with the errors of node:net. */
function check(options: unknown): SocketAddressParts {
  validateObject(options, 'options');
  const given = options as Record<keyof SocketAddressParts, unknown>;
  const text = given.address;
  const detected = typeof text === 'string' && isIPv6(text) ? 'ipv6' : 'ipv4';
  const { family: named = detected } = given;
  const family = typeof named === 'string' ? named.toLowerCase() : named;
  if (family !== 'ipv4' && family !== 'ipv6') {
    throw new ERR_INVALID_ARG_VALUE('options.family', named);
  }
  const { address = family === 'ipv4' ? '127.0.0.1' : '::', port = 0, flowlabel = 0 } = given;
  validateString(address, 'options.address');
  const portNumber = validatePort(port, 'options.port');
  validateUint32(flowlabel, 'options.flowlabel');
  // Node would end the process here.
  if (flowlabel > MAX_FLOW_LABEL) {
    throw new ERR_OUT_OF_RANGE('options.flowlabel', `>= 0 && <= ${MAX_FLOW_LABEL}`, flowlabel);
  }
  if (address.includes('\0')) throw invalidAddress();
  return { address, family, port: portNumber, flowlabel: flowlabel | 0 };
}

/**
 * An IP address with a port. It is a subclass of `net.SocketAddress`, so `postMessage` can carry
 * it. It adds `toString()`, and the family is optional.
 */
export class SocketAddress extends netModule().SocketAddress {
  /**
   * Returns address, port, family and flow label as a plain object. It is Node's method; the types
   * of `node:net` lack it.
   */
  declare readonly toJSON: () => SocketAddressParts;

  /**
   * @param options - see {@link SocketAddressOptions}
   * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_SOCKET_BAD_PORT, ERR_OUT_OF_RANGE, or
   *   ERR_INVALID_ADDRESS for a text that is not an address of the family
   */
  constructor(options: SocketAddressOptions = {}) {
    super(check(options));
  }

  /** Returns `address:port`, or `[address]:port` for IPv6. */
  override toString(): string {
    return this.family === 'ipv6'
      ? `[${this.address}]:${this.port}`
      : `${this.address}:${this.port}`;
  }

  /** Whether the value is a SocketAddress, of uvnet or of node:net. */
  static isSocketAddress(value: unknown): value is nodeNet.SocketAddress {
    return isNodeAddress(value);
  }

  /**
   * Parses `address:port` as in a URL: `10.0.0.1:80`, `[::1]:443`. The port is optional.
   *
   * @returns `undefined` if the text is not such an address
   */
  static override parse(input: string): SocketAddress | undefined {
    validateString(input, 'input');
    try {
      const { hostname, port } = new URL(`http://${input}`);
      return hostname.startsWith('[')
        ? new SocketAddress({ address: hostname.slice(1, -1), port: Number(port), family: 'ipv6' })
        : new SocketAddress({ address: hostname, port: Number(port), family: 'ipv4' });
    } catch {
      return undefined;
    }
  }

  /** Also true for addresses of node:net, such as those that `postMessage` delivers. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === SocketAddress
      ? isNodeAddress(value)
      : Function.prototype[Symbol.hasInstance].call(this, value);
  }
}
