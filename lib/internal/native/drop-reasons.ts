/**
 * Why a connection was not let in: the name of the option that said so, except for
 * - `proxyHeader`: no PROXY header if one is required, or a malformed one;
 * - `proxyTimeout`: no complete PROXY header in time.
 */
export type DropReason =
  | 'maxConnections'
  | 'blockList'
  | 'maxConnectionsPerAddress'
  | 'acceptRate'
  | 'trustedProxies'
  | 'proxyHeader'
  | 'proxyTimeout';

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
];

export const dropReasonOf = (index: number): DropReason => dropReasons[index]!;
