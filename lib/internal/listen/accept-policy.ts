import { binding } from '../native/binding';
import type { ListenPolicy, NativePolicy } from '../native/native-types';

/** Lets the native code check connections before any object exists for them. */

/**
 * Why a connection was refused. It is the name of the option that refused it, except for these:
 *
 * - `proxyHeader`: a required PROXY header is missing, or the header is malformed;
 * - `proxyTimeout`: no complete PROXY header has arrived in time;
 * - `sniffTimeout`: the first bytes did not show the protocol in time (fronts only, as are the rest);
 * - `sniffEnded`: the peer has ended the connection without a byte, or has reset it;
 * - `noTarget`: the function of the front chose nobody, or failed.
 */
export type DropReason =
  | 'maxConnections'
  | 'blockList'
  | 'maxConnectionsPerAddress'
  | 'acceptRate'
  | 'trustedProxies'
  | 'proxyHeader'
  | 'proxyTimeout'
  | 'sniffTimeout'
  | 'sniffEnded'
  | 'noTarget';

/** In the order of DropReason in accept_policy.h, where 0 is "none". */
export const dropReasons: readonly (DropReason | undefined)[] = [
  undefined,
  'maxConnections',
  'blockList',
  'maxConnectionsPerAddress',
  'acceptRate',
  'trustedProxies',
  'proxyHeader',
  'proxyTimeout',
  'sniffTimeout',
  'sniffEnded',
  'noTarget',
];

/** The counters of a server; see `server.stats()`. */
export interface ServerStats {
  /** Connections that became a socket. */
  accepted: number;
  /**
   * Connections that are open now, including those that wait for their PROXY header, their first
   * bytes or their server.
   */
  open: number;
  /** Connections that were refused, by reason. */
  dropped: Record<DropReason, number>;
  /** How often accept(2) failed because descriptors or memory ran out. */
  acceptErrors: number;
  /** Bytes read from all connections, including closed ones. */
  bytesRead: number;
  /** Bytes written to all connections, including closed ones. */
  bytesWritten: number;
}

/** In the order of AcceptPolicy::ProxyMode. */
const proxyModes = ['off', 'optional', 'required'] as const;
/** Whether connections start with a PROXY header; see the option `proxyProtocol`. */
export type ProxyMode = (typeof proxyModes)[number];
export const proxyModeNames: readonly ProxyMode[] = proxyModes;

/** How many numbers `policyStats` writes before those by reason. */
const FIXED_STATS = 5;
const numbers = new Float64Array(FIXED_STATS + dropReasons.length);

/** The policy of one server; it lives as long as the server or one of its connections. */
export class AcceptPolicy implements ListenPolicy {
  readonly native: NativePolicy;

  /** @param group - name of the group of servers that count together in this process */
  constructor(group: string | undefined) {
    this.native = group === undefined ? binding.policyNew() : binding.policyNew(group);
  }

  /** A limit that is not a finite number means no limit. */
  setLimits(connections: number, perAddress: number, ipv6Prefix: number): void {
    binding.policyLimits(this.native, connections, perAddress, ipv6Prefix);
  }

  /** A rate of 0 means no limit. */
  setRate(perSecond: number, burst: number): void {
    binding.policyRate(this.native, perSecond, burst);
  }

  /** Ids of native lists; -1 means no list. */
  setLists(blockList: number, trustedProxies: number): void {
    binding.policyLists(this.native, blockList, trustedProxies);
  }

  setProxy(mode: ProxyMode, timeout: number): void {
    binding.policyProxy(this.native, proxyModes.indexOf(mode), timeout);
  }

  /** Milliseconds in which the first bytes must show the protocol; 0: nobody looks at them. */
  setSniff(timeout: number): void {
    binding.policySniff(this.native, timeout);
  }

  /** Counts a connection whose first bytes were looked at. Without a reason, it was accepted. */
  count(reason?: DropReason): void {
    binding.policyCount(this.native, dropReasons.indexOf(reason));
  }

  stats(): ServerStats {
    binding.policyStats(this.native, numbers);
    const dropped = {} as Record<DropReason, number>;
    dropReasons.forEach((reason, index) => {
      if (reason !== undefined) dropped[reason] = numbers[FIXED_STATS + index]!;
    });
    return {
      accepted: numbers[0],
      open: numbers[2],
      dropped,
      acceptErrors: numbers[1],
      bytesRead: numbers[3],
      bytesWritten: numbers[4],
    };
  }

  /**
   * Returns the ids of connections that have moved no byte for `idle` ms. `nativeState` gets the
   * number of ms until the next one reaches this time, or -1.
   */
  idleHandles(idle: number): number[] {
    return binding.policyIdle(this.native, idle);
  }
}
