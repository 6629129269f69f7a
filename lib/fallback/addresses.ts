import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import { isIPv6 } from '../internal/base/ip';
import { addMissing, unavailable } from './unavailable';

export { SocketAddress } from '../internal/block-list/socket-address';

/** The address classes for programs without the native code. */

type Family = nodeNet.IPVersion | undefined;
type Address = string | nodeNet.SocketAddress;

/** The family to pass to Node if the caller gave none. */
const familyOf = (address: unknown): Family =>
  typeof address === 'string' && isIPv6(address) ? 'ipv6' : undefined;

/**
 * Node's list, with an optional family as in uvnet's list. Without the family, Node would treat an
 * IPv6 address as IPv4 and never find it.
 */
export class BlockList extends netModule().BlockList {
  override addAddress(address: Address, family: Family = familyOf(address)): void {
    super.addAddress(address as string, family);
  }

  override addRange(start: Address, end: Address, family: Family = familyOf(start)): void {
    super.addRange(start as string, end as string, family);
  }

  override addSubnet(network: Address, prefix: number, family: Family = familyOf(network)): void {
    super.addSubnet(network as string, prefix, family);
  }

  override check(address: Address, family: Family = familyOf(address)): boolean {
    return super.check(address as string, family);
  }
}
addMissing(BlockList.prototype, 'blockList.', [
  'addAddresses',
  'addCIDR',
  'addCIDRs',
  'addMany',
  'replaceMany',
  'clear',
  'fromJSON',
  'removeAddress',
  'removeCIDR',
  'replaceMany',
  'removeRange',
  'removeSubnet',
  'share',
  'toJSON',
]);
addMissing(BlockList, 'BlockList.', ['from', 'isBlockList']);

const NodeBoundSocket = (netModule() as { BoundSocket?: typeof nodeNet.BoundSocket }).BoundSocket;

/** Node's class, on versions of Node that have it. */
export const BoundSocket =
  NodeBoundSocket ??
  class BoundSocket {
    constructor() {
      unavailable('net.BoundSocket');
    }
  };
