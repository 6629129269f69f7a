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

/** What a server lets in. All of it may change while it listens, and holds from then on. */

/** A rate of new connections: so many per second on average, `burst` at once after a rest. */
export interface AcceptRate {
  /** Connections per second; fractions are allowed. */
  perSecond: number;
  /** At least 1. Default: `perSecond`, rounded up. */
  burst?: number | undefined;
}

/** A limit of connections from one address, with what counts as one address. */
export interface AddressLimit {
  /** Most connections that one address may have open. */
  limit: number;
  /**
   * Bits of an IPv6 address that make up "one address", from 0 to 128. Default: 64, the network that a
   * customer or a host is usually given.
   */
  ipv6Prefix?: number | undefined;
}

/** Options of a server that say whom it lets in; they are properties of the server too. */
export interface LimitOptions {
  /** Connections from these addresses are closed before 'connection'. */
  blockList?: NodeBlockList | undefined;
  /** Most connections that one address may have open. Default: no limit. */
  maxConnectionsPerAddress?: number | AddressLimit | null | undefined;
  /** Limit of the rate of new connections; what goes beyond it is dropped. Default: none. */
  acceptRate?: AcceptRate | null | undefined;
  /**
   * Name of a group of servers in this process, in whatever threads, that count together: what they
   * have open, in all and by address, and how fast connections come. Each server keeps its own
   * `maxConnections` and `maxConnectionsPerAddress` and compares them with what all of the group have;
   * of `acceptRate`, the one that was set last holds for all that have one. It stays as it was when the
   * server was made. Default: the server counts alone.
   */
  limitGroup?: string | undefined;
  /**
   * Whether connections begin with a header of the PROXY protocol (version 1 or 2), from which
   * `remoteAddress` and so on are taken: `'required'` drops those without one, `'optional'` lets them
   * in as they are. Default: `'off'`.
   *
   * With `'optional'` anybody who can connect can claim any address, unless `trustedProxies` is given.
   * Not available on Windows.
   */
  proxyProtocol?: ProxyMode | undefined;
  /**
   * The peers whose PROXY headers are believed. From others, `'required'` drops the connection and
   * `'optional'` takes it for one without a header. Default: everybody; peers on unix sockets
   * always.
   */
  trustedProxies?: NodeBlockList | undefined;
  /** Milliseconds in which the header must have arrived. Default: 5000. */
  proxyHeaderTimeout?: number | undefined;
}

/** The specification asks for at least three seconds, which covers one lost segment. */
const DEFAULT_PROXY_HEADER_TIMEOUT = 5000;
const DEFAULT_IPV6_PREFIX = 64;

/** The limits of one server, as they were set, and the native policy that they make up. */
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

  /** True if the native code cannot ask the list: it is one of node:net's own. */
  get hasNodeList(): boolean {
    return this.blockList !== undefined && nativeId(this.blockList) < 0;
  }

  pushProxy(): void {
    this.policy.setProxy(this.proxyProtocol, this.proxyHeaderTimeout);
  }
}

/** The number from which on `open >= value` is true, whatever kind of value that is. */
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
  if (value === '') throw new ERR_INVALID_ARG_VALUE('options.limitGroup', value, 'is no name');
  return value;
}

/** What was given, checked; of an object a copy, which nobody can change. */
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

/** Names and setters of the limits that are uvnet's own. The setters check what they are given. */
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
      // To take such a list for none would be to trust everybody.
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
