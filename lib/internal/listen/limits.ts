import type { BlockList as NodeBlockList } from 'node:net';
import { AcceptPolicy, proxyModeNames, type ProxyMode } from './accept-policy';
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } from '../base/errors';
import { isBlockList, listIdOf } from '../block-list/list-id';
import {
  validateInteger,
  validateNumber,
  validateObject,
  validateOneOf,
  validateString,
} from '../base/validators';

/** The limits of a server. Each can change while the server listens, and applies from then on. */

/** A rate of new connections: `perSecond` on average, and up to `burst` at once after a pause. */
export interface AcceptRate {
  /** Connections per second; fractions are allowed. */
  perSecond: number;
  /** At least 1. Default: `perSecond`, rounded up. */
  burst?: number | undefined;
}

/** A limit on the connections from one address, and the definition of "one address". */
export interface AddressLimit {
  /** How many connections one address may have open. */
  limit: number;
  /**
   * How many bits of an IPv6 address count as "one address", from 0 to 128. Default: 64, the usual
   * size of a network of a customer or host.
   */
  ipv6Prefix?: number | undefined;
}

/** Options of a server that refuse connections. They are also properties of the server. */
export interface LimitOptions {
  /** Connections from these addresses are closed before 'connection'. */
  blockList?: NodeBlockList | undefined;
  /** How many connections one address may have open. Default: no limit. */
  maxConnectionsPerAddress?: number | AddressLimit | null | undefined;
  /** Limit on the rate of new connections. Connections above it are dropped. Default: no limit. */
  acceptRate?: AcceptRate | null | undefined;
  /**
   * Name of a group of servers in this process, in any threads, that count together: their open
   * connections, in total and by address, and the rate of new ones. Each server compares the
   * numbers of the group with its own `maxConnections` and `maxConnectionsPerAddress`. All servers
   * with an `acceptRate` share the one that was set last. The option cannot change after the server
   * was made. Default: the server counts by itself.
   */
  limitGroup?: string | undefined;
  /**
   * Whether connections begin with a header of the PROXY protocol (version 1 or 2), which provides
   * `remoteAddress` and the other addresses. `'required'` drops connections without a header.
   * `'optional'` accepts them as they are. Default: `'off'`.
   *
   * With `'optional'` and without `trustedProxies`, anyone who can connect can claim any address.
   * Not available on Windows.
   */
  proxyProtocol?: ProxyMode | undefined;
  /**
   * The peers whose PROXY headers are trusted. For other peers, `'required'` drops the connection,
   * and `'optional'` treats it as a connection without a header. Peers on Unix sockets are always
   * trusted. Default: all peers.
   */
  trustedProxies?: NodeBlockList | undefined;
  /** Time limit in milliseconds for the arrival of the header. Default: 5000. */
  proxyHeaderTimeout?: number | undefined;
}

/** The specification requires at least three seconds, which covers one lost segment. */
const DEFAULT_PROXY_HEADER_TIMEOUT = 5000;
const DEFAULT_IPV6_PREFIX = 64;

/** The limits of one server, as they were set, and the native policy that implements them. */
export class Limits {
  readonly policy: AcceptPolicy;
  maxConnections: unknown = undefined;
  maxConnectionsPerAddress: number | AddressLimit | null | undefined = undefined;
  acceptRate: AcceptRate | null | undefined = undefined;
  blockList: NodeBlockList | undefined = undefined;
  proxyProtocol: ProxyMode = 'off';
  trustedProxies: NodeBlockList | undefined = undefined;
  proxyHeaderTimeout = DEFAULT_PROXY_HEADER_TIMEOUT;

  constructor(readonly limitGroup: string | undefined) {
    this.policy = new AcceptPolicy(limitGroup);
  }

  pushLimits(): void {
    const perAddress = this.maxConnectionsPerAddress;
    const { limit, ipv6Prefix = DEFAULT_IPV6_PREFIX } =
      typeof perAddress === 'object' && perAddress !== null ? perAddress : { limit: perAddress };
    this.policy.setLimits(asCount(this.maxConnections), asCount(limit), ipv6Prefix);
  }

  pushLists(): void {
    this.policy.setLists(nativeId(this.blockList), nativeId(this.trustedProxies));
  }

  /** True if the native code cannot use the list, because it is a list of node:net. */
  get hasNodeList(): boolean {
    return this.blockList !== undefined && nativeId(this.blockList) < 0;
  }

  pushProxy(): void {
    this.policy.setProxy(this.proxyProtocol, this.proxyHeaderTimeout);
  }
}

/** Converts a value of any type to the smallest number for which `open >= value` is true. */
function asCount(value: unknown): number {
  if (value == null) return Infinity;
  const number = Number(value);
  return Number.isNaN(number) ? Infinity : Math.max(0, number);
}

function nativeId(list: NodeBlockList | undefined): number {
  return list === undefined ? -1 : listIdOf(list);
}

export function checkBlockList(value: unknown, name: string): asserts value is NodeBlockList {
  if (isBlockList(value)) return;
  throw new ERR_INVALID_ARG_TYPE(name, 'net.BlockList', value);
}

export function checkLimitGroup(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  validateString(value, 'options.limitGroup');
  if (value === '') {
    throw new ERR_INVALID_ARG_VALUE('options.limitGroup', value, 'must not be empty');
  }
  return value;
}

/** Checks a value. Returns a copy of an object, so that the program cannot change it later. */
function addressLimitOf(value: unknown, name: string): number | AddressLimit | null | undefined {
  if (value == null) return value;
  if (typeof value !== 'object') {
    validateInteger(value, name, 0);
    return value;
  }
  const { limit, ipv6Prefix = DEFAULT_IPV6_PREFIX } = value as AddressLimit;
  validateInteger(limit, `${name}.limit`, 0);
  validateInteger(ipv6Prefix, `${name}.ipv6Prefix`, 0, 128);
  return Object.freeze({ limit, ipv6Prefix });
}

/** Names and setters of the limits that uvnet adds. The setters check their values. */
export const setters = {
  maxConnectionsPerAddress(limits: Limits, value: unknown, name: string): void {
    limits.maxConnectionsPerAddress = addressLimitOf(value, name);
    limits.pushLimits();
  },

  acceptRate(limits: Limits, value: unknown, name: string): void {
    if (value == null) {
      limits.acceptRate = value;
      limits.policy.setRate(0, 0);
      return;
    }
    validateObject(value, name);
    const { perSecond, burst = undefined } = value as AcceptRate;
    validateNumber(perSecond, `${name}.perSecond`, Number.MIN_VALUE, 1e9);
    if (burst !== undefined) validateInteger(burst, `${name}.burst`, 1, 2 ** 31 - 1);
    const rate = { perSecond, burst: burst ?? Math.ceil(perSecond) };
    limits.acceptRate = rate;
    limits.policy.setRate(rate.perSecond, rate.burst);
  },

  proxyProtocol(limits: Limits, value: unknown, name: string): void {
    if (value === undefined) value = 'off';
    validateOneOf(value, name, proxyModeNames);
    limits.proxyProtocol = value;
    limits.pushProxy();
  },

  trustedProxies(limits: Limits, value: unknown, name: string): void {
    if (value !== undefined) {
      checkBlockList(value, name);
      // If such a list were ignored, every peer would be trusted.
      if (nativeId(value) < 0) throw new ERR_INVALID_ARG_TYPE(name, "uvnet's BlockList", value);
    }
    limits.trustedProxies = value;
    limits.pushLists();
  },

  proxyHeaderTimeout(limits: Limits, value: unknown, name: string): void {
    if (value === undefined) value = DEFAULT_PROXY_HEADER_TIMEOUT;
    validateInteger(value, name, 1, 2 ** 31 - 1);
    limits.proxyHeaderTimeout = value;
    limits.pushProxy();
  },
};
type OwnLimit = keyof typeof setters;
export const ownLimits = Object.keys(setters) as OwnLimit[];
