import type * as nodeNet from 'node:net';
import { netModule } from '../base/builtins';
import { binding } from '../native/binding';
import { ERR_INVALID_STATE } from '../base/errors';

/** Node's methods. Those that remove rules do not exist on Node 22 and older. */
interface Methods {
  addAddress(address: string, family: string): void;
  addSubnet(network: string, prefix: number, family: string): void;
  addRange(start: nodeNet.SocketAddress, end: nodeNet.SocketAddress): void;
  check(address: string, family: string): boolean;
  clear?(): void;
  removeAddress?(address: string, family: string): void;
  removeSubnet?(network: string, prefix: number, family: string): void;
  removeRange?(start: nodeNet.SocketAddress, end: nodeNet.SocketAddress): void;
}

const node: Methods = netModule().BlockList.prototype as unknown as Methods;

interface Endpoint {
  text: string;
  family: 4 | 6;
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

function endpoint(text: string): Endpoint {
  return { text, family: familyOf(text) };
}

function socketAddress({ text, family }: Endpoint): nodeNet.SocketAddress {
  return new (netModule().SocketAddress)({ address: text, family: `ipv${family}` });
}

/**
 * The rules of a BlockList that `postMessage` has copied. The copies are objects of Node and share
 * Node's rules with the original. So the original uses these rules from then on, at Node's speed.
 */
export class NodeRules {
  constructor(private readonly list: nodeNet.BlockList) {}

  get rules(): string[] {
    return Reflect.get(node, 'rules', this.list) as string[];
  }

  address(remove: boolean, text: string, family: 4 | 6): void {
    const method = remove ? this.required(node.removeAddress) : node.addAddress;
    method.call(this.list, text, `ipv${family}`);
  }

  subnet(remove: boolean, text: string, prefix: number, family: 4 | 6): void {
    const method = remove ? this.required(node.removeSubnet) : node.addSubnet;
    method.call(this.list, text, prefix, `ipv${family}`);
  }

  range(remove: boolean, first: Endpoint, last: Endpoint): void {
    const method = remove ? this.required(node.removeRange) : node.addRange;
    method.call(this.list, socketAddress(first), socketAddress(last));
  }

  /** Throws if `clear` would throw. */
  requireClear(): void {
    this.required(node.clear);
  }

  clear(): void {
    this.required(node.clear).call(this.list);
  }

  /** Adds entries that are known to be valid. */
  addMany(entries: readonly string[] | string): void {
    // The native code parses and checks the entries. It lists them in forms for which Node has
    // methods.
    const owner = {};
    const id = binding.blockListNew(owner);
    binding.blockListAddMany(id, entries);
    for (const rule of binding.blockListRules(id).reverse()) {
      // "Range: IPv4 10.0.0.1-10.0.0.9"
      const [kind, , text = ''] = rule.split(' ');
      const [first = '', last = ''] = text.split(/[-/]/);
      if (kind === 'Address:') this.address(false, first, familyOf(first));
      else if (kind === 'Subnet:') this.subnet(false, first, Number(last), familyOf(first));
      else this.range(false, endpoint(first), endpoint(last));
    }
  }

  check(text: string, family: 0 | 4 | 6): boolean {
    if (text.includes('/')) {
      // Node cannot check a subnet.
      const owner = {};
      const id = binding.blockListNew(owner);
      binding.blockListAddMany(id, this.rules);
      return binding.blockListCheck(id, text, family) === 1;
    }
    try {
      return node.check.call(this.list, text, `ipv${family || familyOf(text)}`);
    } catch {
      // Before Node 24, a text that is not an address causes an error.
      return false;
    }
  }

  private required<Method>(method: Method | undefined): Method {
    if (method === undefined) {
      throw new ERR_INVALID_STATE(
        'this version of Node cannot remove rules from a BlockList that postMessage has copied; ' +
          'share() has no such limit',
      );
    }
    return method;
  }
}
