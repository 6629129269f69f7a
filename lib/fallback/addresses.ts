import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import { isIPv6 } from '../internal/base/ip';
import { addMissing, unavailable } from './unavailable';

export { SocketAddress } from '../internal/block-list/socket-address';

/** The classes of addresses if there is no native code. */

type Family = nodeNet.IPVersion | undefined;
type Address = string | nodeNet.SocketAddress;

/** What Node's methods take an address for whose family is not given. */
const familyOf = (address: unknown): Family =>
  typeof address === 'string' && isIPv6(address) ? 'ipv6' : undefined;

/**
 * Node's list. As with uvnet's own, the family of an address need not be named: Node would take an
 * IPv6 address for an IPv4 one, and find it in no list.
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

/** Node's, on the lines of Node that have it. */
export const BoundSocket =
  NodeBoundSocket ??
  class BoundSocket {
    constructor() {
      unavailable('net.BoundSocket');
    }
  };
