import type * as nodeNet from 'node:net';
import { netModule } from '../base/builtins';
import { binding, errnoByName } from '../native/binding';
import { isBlockList } from './list-id';
import { NodeRules } from './node-rules';
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, invalidAddress } from '../base/errors';
import { kListId } from '../base/symbols';
import { isIP } from '../base/ip';
import { bytesToText, parseCIDR, parseRule } from './rule-text';
import { validateArray, validateInt32, validateString } from '../base/validators';
import { SocketAddress } from './socket-address';

const node = netModule().BlockList.prototype;
const UV_ERANGE = errnoByName('ERANGE');

/** The method with which Node makes the copies that `postMessage` sends. */
const kClone = Object.getOwnPropertySymbols(node).find(
  (symbol) => symbol.description === 'messaging_clone_symbol',
);

/** An address as text, as a SocketAddress, or as 4 or 16 bytes in network order. */
export type AddressLike = string | nodeNet.SocketAddress | Uint8Array;

/** Case does not matter. `'cidr'` means that the text is `network/prefix`. */
export type RuleFamily = 'ipv4' | 'ipv6' | 'cidr';

type Family = RuleFamily | (string & {}) | undefined;

interface Endpoint {
  text: string;
  family: 4 | 6;
}

/** The number of a family; 0 if the text determines it, also for `cidr`. */
function familyCode(family: unknown): 0 | 4 | 6 {
  if (family === undefined) return 0;
  validateString(family, 'family');
  switch (family.toLowerCase()) {
    case 'ipv4':
      return 4;
    case 'ipv6':
      return 6;
    case 'cidr':
      return 0;
    default:
      throw new ERR_INVALID_ARG_VALUE('options.family', family);
  }
}

/** Whether a text must be parsed as `network/prefix`. */
function isCIDR(value: unknown, family: unknown): value is string {
  return (
    typeof value === 'string' && (family === undefined ? value.includes('/') : family === 'cidr')
  );
}

function validEndpoint(value: unknown, name: string, family: unknown): Endpoint {
  if (SocketAddress.isSocketAddress(value)) {
    return { text: value.address, family: value.family === 'ipv6' ? 6 : 4 };
  }
  if (value instanceof Uint8Array) {
    return { text: bytesToText(value, name), family: value.length === 4 ? 4 : 6 };
  }
  validateString(value, name);
  const wanted = familyCode(family);
  const found = isIP(value);
  if (found === 0 || (wanted !== 0 && wanted !== found)) throw invalidAddress();
  return { text: value, family: found };
}

function validatePrefix(prefix: unknown, family: 4 | 6): number {
  validateInt32(prefix, 'prefix', 0, family === 4 ? 32 : 128);
  return prefix;
}

// Optional parameters have a default even if it is undefined. As in Node, they then do not count in
// the `length` of the method.

/**
 * A set of addresses, subnets and ranges that can check whether it contains an address. It behaves
 * as `net.BlockList` of Node 26 on every supported Node, with one radix trie for all rules.
 * docs/ADDRESSES.md lists the differences. Every `family` is optional, because the text of an
 * address shows it.
 */
export class BlockList extends netModule().BlockList {
  /** Subnets that are not reachable from the internet: RFC 1918, loopback, link-local, ULA. */
  static PRIVATE_RANGES: readonly string[] = Object.freeze([
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '127.0.0.0/8',
    '::1/128',
    '169.254.0.0/16',
    'fe80::/10',
    'fc00::/7',
  ]);

  /**
   * The rules as texts: single addresses, then subnets, then ranges, each with the newest first.
   */
  declare readonly rules: string[];

  #id: number = binding.blockListNew(this);
  // Set after postMessage has copied the list. From then on, the list uses Node's rules, which it
  // shares with the copies.
  #cloned: NodeRules | undefined;

  /** Whether the value is a BlockList, of uvnet or of node:net. */
  static override isBlockList(value: unknown): value is nodeNet.BlockList {
    return isBlockList(value);
  }

  /**
   * Returns the list for a token of {@link BlockList.share}, in any thread of this process. A
   * change through either object affects both.
   *
   * @param token - the token
   * @throws ERR_INVALID_ARG_VALUE if the list does not exist (any more)
   */
  static from(token: string): BlockList {
    validateString(token, 'token');
    const list = new BlockList();
    const id = binding.blockListFrom(list, token);
    if (id < 0) {
      throw new ERR_INVALID_ARG_VALUE('token', token, 'is not the token of a shared block list');
    }
    list.#id = id;
    return list;
  }

  /** Also true for lists of node:net, such as those that `postMessage` delivers. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === BlockList
      ? isBlockList(value)
      : Function.prototype[Symbol.hasInstance].call(this, value);
  }

  /**
   * Adds an address.
   *
   * @param address - the address; `network/prefix` adds a subnet
   * @param family - the family; by default that of the address
   */
  override addAddress(address: AddressLike, family: Family = undefined): void {
    this.#address(false, address, family);
  }

  /** Adds several single addresses. It stops at the first text that is not an address. */
  addAddresses(addresses: readonly AddressLike[], family: Family = undefined): void {
    validateArray(addresses, 'addresses');
    familyCode(family);
    addresses.forEach((address, index) => {
      this.#address(false, address, family, `addresses[${index}]`);
    });
  }

  /** Adds a range of addresses, which includes both ends. */
  override addRange(start: AddressLike, end: AddressLike, family: Family = undefined): void {
    this.#range(false, start, end, family);
  }

  /**
   * Adds a subnet.
   *
   * @param network - the network, or `network/prefix` without the argument `prefix`
   * @param prefix - length of the prefix: 0 to 32, for IPv6 0 to 128
   */
  override addSubnet(network: AddressLike, prefix?: number, family: Family = undefined): void {
    this.#subnet(false, network, prefix, family);
  }

  /** @param cidr - `network/prefix` */
  addCIDR(cidr: string): void {
    this.#cidr(false, cidr);
  }

  /** Adds several subnets. If one of the texts has no prefix length, it adds none. */
  addCIDRs(cidrs: readonly string[]): void {
    validateArray(cidrs, 'cidrs');
    const parsed = cidrs.map((cidr, index) => {
      validateString(cidr, `cidrs[${index}]`);
      return parseCIDR(cidr);
    });
    for (const { network, prefix, family } of parsed) {
      this.#subnet(false, network, prefix, `ipv${family}`);
    }
  }

  /**
   * Adds many rules at once: addresses, `network/prefix`, `first-last`, and rules in the format of
   * {@link BlockList.rules}. If one of them is wrong, it adds none.
   *
   * @param entries - an array of texts, or the text of a file with one rule per line; blank lines
   *   and comments after `#` or `;` are skipped
   * @returns how many rules were added
   */
  addMany(entries: readonly string[] | string): number {
    return this.#many(entries, false);
  }

  /**
   * Replaces all rules of the list in one step. Servers and threads that share the list see either
   * the old rules or the new ones. So a program can reload a list from a file while servers use it.
   *
   * @param entries - as for {@link BlockList.addMany}
   * @returns how many rules the list was given
   */
  replaceMany(entries: readonly string[] | string): number {
    return this.#many(entries, true);
  }

  /** Removes a single address. An address that is part of a subnet or a range stays on the list. */
  removeAddress(address: AddressLike, family: Family = undefined): void {
    this.#address(true, address, family);
  }

  /** Removes a range that was added with the same ends. */
  removeRange(start: AddressLike, end: AddressLike, family: Family = undefined): void {
    this.#range(true, start, end, family);
  }

  /** Removes a subnet that was added with the same network and prefix length. */
  removeSubnet(network: AddressLike, prefix?: number, family: Family = undefined): void {
    this.#subnet(true, network, prefix, family);
  }

  /** @param cidr - `network/prefix` */
  removeCIDR(cidr: string): void {
    this.#cidr(true, cidr);
  }

  /**
   * Whether the address is on the list. For the text `network/prefix`, whether the whole subnet is
   * on the list. An IPv4 address and its IPv4-mapped form are the same. The result is false for a
   * text that is not an address.
   *
   * @param address - the address or subnet
   * @param family - its family; the result is false for an address of the other family
   */
  override check(address: AddressLike, family: Family = undefined): boolean {
    if (typeof address === 'string') {
      let code: 0 | 4 | 6 = 0;
      if (family !== undefined) {
        validateString(family, 'family');
        const name = family.toLowerCase();
        code = name === 'ipv4' ? 4 : name === 'cidr' ? 0 : 6;
      }
      return this.#has(address, code);
    }
    if (SocketAddress.isSocketAddress(address)) {
      return this.#has(address.address, address.family === 'ipv6' ? 6 : 4);
    }
    if (address instanceof Uint8Array) return this.#has(bytesToText(address, 'address'), 0);
    throw new ERR_INVALID_ARG_TYPE('address', 'string', address);
  }

  /** Removes all rules. */
  clear(): void {
    this.#cloned?.clear();
    binding.blockListClear(this.#id);
  }

  /**
   * Returns a token for {@link BlockList.from}, which can be sent to other threads of this process
   * as a text. An unused token keeps the list alive for a minute.
   */
  share(): string {
    if (this.#cloned !== undefined) this.#takeBack();
    return binding.blockListShare(this.#id) as string;
  }

  /** How many rules there are. */
  get size(): number {
    return this.#cloned?.rules.length ?? binding.blockListSize(this.#id);
  }

  /** The {@link BlockList.rules}. */
  override toJSON(): string[] {
    return this.rules;
  }

  /**
   * Adds the rules of another list. It skips texts that are not rules.
   *
   * @param data - the result of `toJSON`, or its JSON text
   */
  override fromJSON(data: string | readonly string[]): void {
    const wrong = (value: unknown) =>
      new ERR_INVALID_ARG_TYPE('data', ['string', 'string[]'], value);
    let texts: unknown = data;
    if (typeof data === 'string') texts = JSON.parse(data);
    if (!Array.isArray(texts)) throw wrong(texts);
    if (!texts.every((text) => typeof text === 'string')) throw wrong(texts);
    for (const text of texts) {
      const rule = parseRule(text);
      if (rule === undefined) continue;
      const family = `ipv${rule.family}`;
      if (rule.kind === 'subnet') this.#subnet(false, rule.network, rule.prefix, family);
      else if (rule.kind === 'address') this.#address(false, rule.address, family);
      else this.#range(false, rule.start, rule.end, family);
    }
  }

  #address(remove: boolean, value: unknown, family: unknown, name = 'address'): void {
    if (isCIDR(value, family)) {
      this.#cidr(remove, value);
      return;
    }
    const { text, family: found } = validEndpoint(value, name, family);
    this.#cloned?.address(remove, text, found);
    if (binding.blockListAddress(this.#id, remove, text, found) < 0) throw invalidAddress();
  }

  #subnet(remove: boolean, value: unknown, prefix: unknown, family: unknown): void {
    if (prefix === undefined && isCIDR(value, family)) {
      this.#cidr(remove, value);
      return;
    }
    const { text, family: found } = validEndpoint(value, 'network', family);
    const length = validatePrefix(prefix, found);
    this.#cloned?.subnet(remove, text, length, found);
    if (binding.blockListSubnet(this.#id, remove, text, found, length) < 0) {
      throw invalidAddress();
    }
  }

  #cidr(remove: boolean, cidr: unknown): void {
    const { network, prefix, family } = parseCIDR(cidr);
    this.#subnet(remove, network, prefix, `ipv${family}`);
  }

  #range(remove: boolean, start: unknown, end: unknown, family: unknown): void {
    const first = validEndpoint(start, 'start', family);
    const last = validEndpoint(end, 'end', family);
    const status = binding.blockListRange(this.#id, remove, first.text, last.text);
    if (status === UV_ERANGE) {
      const shown = SocketAddress.isSocketAddress(start)
        ? start
        : new SocketAddress({ address: first.text, family: `ipv${first.family}` });
      throw new ERR_INVALID_ARG_VALUE('start', shown, 'must come before end');
    }
    if (status < 0) throw invalidAddress();
    this.#cloned?.range(remove, first, last);
  }

  #has(text: string, family: 0 | 4 | 6): boolean {
    return this.#cloned === undefined
      ? binding.blockListCheck(this.#id, text, family) === 1
      : this.#cloned.check(text, family);
  }

  /**
   * Gives the rules to Node before it copies the list. The rules also stay here, for a server that
   * uses the list natively. This server sees changes through this object, but not those through the
   * copies.
   */
  #giveToNode(): void {
    if (this.#cloned !== undefined) return;
    const rules = binding.blockListRules(this.#id).reverse();
    this.#cloned = new NodeRules(this);
    this.#cloned.addMany(rules);
  }

  /** The reverse, for a list that is also shared through a token. The copies do not change. */
  #takeBack(): void {
    const rules = this.rules.reverse();
    this.#cloned = undefined;
    binding.blockListReplaceMany(this.#id, rules);
  }

  #many(entries: readonly string[] | string, replace: boolean): number {
    if (typeof entries !== 'string' && !Array.isArray(entries)) {
      throw new ERR_INVALID_ARG_TYPE('entries', ['string', 'string[]'], entries);
    }
    if (replace) this.#cloned?.requireClear();
    const result = replace
      ? binding.blockListReplaceMany(this.#id, entries)
      : binding.blockListAddMany(this.#id, entries);
    if (result >= 0) {
      if (replace) this.#cloned?.clear();
      this.#cloned?.addMany(entries);
      return result;
    }
    const index = -result - 1;
    if (typeof entries !== 'string') {
      validateString(entries[index], `entries[${index}]`);
      throw new ERR_INVALID_ARG_VALUE(`entries[${index}]`, entries[index], 'is not a rule');
    }
    const line = entries.split('\n', index + 1)[index];
    throw new ERR_INVALID_ARG_VALUE('entries', line, `is not a rule in line ${index + 1}`);
  }

  static {
    // See list-id.ts.
    Object.defineProperty(this.prototype, kListId, {
      get(this: BlockList): number | undefined {
        return #id in this && this.#cloned === undefined ? this.#id : undefined;
      },
    });
    // An accessor, as in Node; its published type is a property, which a getter cannot override.
    Object.defineProperty(this.prototype, 'rules', {
      configurable: true,
      get(this: BlockList): string[] {
        return this.#cloned?.rules ?? binding.blockListRules(this.#id);
      },
    });
    if (kClone !== undefined) {
      const clone = (node as unknown as Record<symbol, (this: unknown) => unknown>)[kClone];
      Object.defineProperty(this.prototype, kClone, {
        configurable: true,
        writable: true,
        value(this: BlockList): unknown {
          this.#giveToNode();
          return clone?.call(this);
        },
      });
    }
  }
}
