// Compares BlockList with the running node:net if that has the method, and tests the additions.
import * as net from 'node:net';
import { inspect } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { BlockList } from '../../lib/internal/block-list/block-list';
import { listIdOf } from '../../lib/internal/block-list/list-id';
import { SocketAddress } from '../../lib/internal/block-list/socket-address';

type Method = (...args: unknown[]) => unknown;
type AnyList = Record<string, Method> & { rules: string[]; size: number };

const newList = (): AnyList => new BlockList() as unknown as AnyList;
const newNodeList = (): AnyList => new net.BlockList() as unknown as AnyList;

/** Whether node:net has the methods and the order of rules of Node 24.21 and 26.10. */
const nodeIsNew = 'addCIDR' in net.BlockList.prototype;

/** The result of a call, or name, code and message of its error. */
function outcome(list: AnyList, method: string, args: unknown[]): unknown {
  try {
    const result = list[method]?.call(list, ...args);
    return method === 'check' ? result : undefined;
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string };
    return `${name} ${code}: ${message}`;
  }
}

/** Mulberry32. */
function random(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % bound;
  };
}

/** Node lists single addresses in the order of a hash table, which changes as it grows. */
function sortAddresses(rules: string[]): string[] {
  const isAddress = (rule: string) => rule.startsWith('Address');
  return [...rules.filter(isAddress).sort(), ...rules.filter((rule) => !isAddress(rule))];
}

test('random programs have the results of node:net', () => {
  const below = random(Number(process.env.UVNET_SEED ?? 1));
  const ipv4 = () => [below(3), below(2) * 255, below(2), below(4)].join('.');
  const ipv6 = () =>
    [
      () => `::ffff:${ipv4()}`,
      () => `::${below(5)}`,
      () => `2001:db8::${below(3)}:${below(3)}`,
      () => ['::', '1::', 'ffff::', '2001:db8:8000::'][below(4)] ?? '',
    ][below(4)]?.() ?? '';

  for (let program = 0; program < 150; program++) {
    const ours = newList();
    const node = newNodeList();
    const both = (method: string, ...args: unknown[]) => {
      const expected = outcome(node, method, args);
      expect([method, args, outcome(ours, method, args)]).toEqual([method, args, expected]);
    };
    for (let step = 0; step < 40; step++) {
      const family = below(2) ? 'ipv4' : 'ipv6';
      const ip = family === 'ipv4' ? ipv4 : ipv6;
      const prefixes = family === 'ipv4' ? 34 : 130;
      const verb = nodeIsNew && below(4) === 0 ? 'remove' : 'add';
      switch (below(nodeIsNew ? 7 : 5)) {
        case 0:
          both(`${verb}Address`, ip(), family);
          break;
        case 1:
          both(`${verb}Subnet`, ip(), below(prefixes), family);
          break;
        case 2:
          both(`${verb}Range`, ip(), ip(), family);
          break;
        case 5:
          both(`${verb}CIDR`, `${ip()}/${below(prefixes)}`);
          break;
        case 6:
          if (below(8) === 0) both('clear');
          break;
        default:
          for (let i = 0; i < 5; i++) both('check', ip(), family);
      }
      if (nodeIsNew) {
        expect(sortAddresses(ours.rules)).toEqual(sortAddresses(node.rules));
        expect(ours.size).toBe(node.size);
      }
    }
  }
});

const wrong: [string, ...unknown[]][] = [
  ['addAddress', 1],
  ['addAddress', undefined],
  ['addAddress', 'nope'],
  ['addAddress', ''],
  ['addAddress', '1.1.1.1', null],
  ['addAddress', '1.1.1.1', 'foo'],
  ['addAddress', '1.1.1.1', 'ipv6'],
  ['addAddress', '::1', 'ipv4'],
  ['addRange', {}],
  ['addRange', '1.1.1.1', null],
  ['addRange', '1.1.1.2', '1.1.1.1'],
  ['addRange', '::2', '::1', 'ipv6'],
  ['addRange', '1.1.1.1', '1.1.1.2', 'foo'],
  ['addRange', '10.0.0.1', '::5', 'ipv4'],
  ['addRange', '10.0.0.1', '::5', 'ipv6'],
  ['addSubnet', 1],
  ['addSubnet', '1.1.1.1', ''],
  ['addSubnet', '1.1.1.1', NaN],
  ['addSubnet', '1.1.1.1', 33],
  ['addSubnet', '1.1.1.1', -1, 'ipv4'],
  ['addSubnet', '::', 129, 'ipv6'],
  ['addSubnet', '', 1, 1],
  ['addSubnet', '', 1, ''],
  ['addSubnet', '1.1.1.1'],
  ['check', 1],
  ['check', '', 1],
  ['check', null],
];
const wrongInNew: [string, ...unknown[]][] = [
  ['addRange', '10.0.0.1', '::5'],
  ['addRange', '::1', '10.0.0.1'],
  ['removeRange', '10.0.0.1', '::5'],
  ['addAddresses', 'x'],
  ['addAddresses', ['1.1.1.1', 5]],
  ['addAddresses', ['nope']],
  ['addCIDR', 5],
  ['addCIDR', '1.1.1.0'],
  ['addCIDR', '1.1.1.0/33'],
  ['addCIDR', '1.1.1.0/08'],
  ['addCIDR', '1.1.1.0/8.5'],
  ['addCIDR', '1.1.1.0/'],
  ['addCIDR', '::1/129'],
  ['addCIDR', 'nope/8'],
  ['addCIDRs', 'x'],
  ['addCIDRs', ['1.0.0.0/8', 5]],
  ['removeAddress', 'nope'],
  ['removeRange', '2.2.2.2', '1.1.1.1'],
  ['removeRange', '2.2.2.2', '1.1.1.1', 'foo'],
  ['removeSubnet', '1.1.1.1', 33],
  ['removeCIDR', '1.1.1.0'],
  ['fromJSON', 1],
  ['fromJSON', [1]],
  ['fromJSON', '[1]'],
  ['fromJSON', '{}'],
  ['fromJSON', 'x'],
  ['fromJSON', ['Subnet: IPv4 10.0.0.0/88']],
  ['fromJSON', ['Address: IPv4 999.0.0.0']],
  ['check', 'nope'],
  ['check', '1.1.1.1', 'foo'],
];

test.each(nodeIsNew ? [...wrong, ...wrongInNew] : wrong)(
  '%s(%j, %j, %j) fails with the error of node:net',
  (method, ...args) => {
    const expected = outcome(newNodeList(), method, args);
    expect(outcome(newList(), method, args)).toEqual(expected);
  },
);

test('the class has the shape of that of node:net', () => {
  if (nodeIsNew) {
    const describeClass = (Class: unknown) => {
      const { prototype } = Class as { prototype: object };
      return Object.getOwnPropertyNames(prototype)
        .filter((name) => name in net.BlockList.prototype)
        .sort()
        .map((name) => {
          const own = Object.getOwnPropertyDescriptor(prototype, name);
          return [name, own?.enumerable, typeof own?.get, (own?.value as Method)?.length];
        });
    };
    expect(describeClass(BlockList)).toEqual(describeClass(net.BlockList));
    expect(BlockList.PRIVATE_RANGES).toEqual(
      (net.BlockList as unknown as typeof BlockList).PRIVATE_RANGES,
    );
  }
  expect(Object.isFrozen(BlockList.PRIVATE_RANGES)).toBe(true);
  const list = new BlockList();
  list.addCIDRs(BlockList.PRIVATE_RANGES);
  expect(list.check('192.168.7.7')).toBe(true);
  expect(list.check('fd00::1')).toBe(true);
  expect(list.check('8.8.8.8')).toBe(false);
});

test('inspect and JSON show the same as in node:net', () => {
  const list = new BlockList();
  list.addAddress('1.1.1.1');
  list.addSubnet('2001:db8::', 32, 'ipv6');
  list.addRange('3.3.3.3', '3.3.3.9');
  expect(inspect(list)).toBe(`BlockList ${inspect({ rules: list.rules })}`);
  expect(inspect(list, { depth: -1 })).toBe('[BlockList]');
  const copy = new BlockList();
  copy.fromJSON(JSON.stringify(list));
  copy.fromJSON(['junk', 'Address: IPv5 1.1.1.1']);
  expect(copy.rules).toEqual(list.rules);
  expect(list.rules).toEqual([
    'Address: IPv4 1.1.1.1',
    'Subnet: IPv6 2001:db8::/32',
    'Range: IPv4 3.3.3.3-3.3.3.9',
  ]);
});

describe('more than node:net', () => {
  test('detects the family from the text', () => {
    const list = new BlockList();
    list.addAddress('::1');
    list.addRange('2001:db8::1', '2001:db8::9');
    list.addSubnet('fe80::', 10);
    list.addAddresses(['9.9.9.9', '9::9']);
    for (const address of ['::1', '2001:db8::5', 'fe80::77%eth0', '9.9.9.9', '9::9']) {
      expect(list.check(address)).toBe(true);
    }
    expect(list.check('::1', 'ipv4')).toBe(false);
    expect(list.check('::2')).toBe(false);
    list.removeAddress('::1');
    expect(list.check('::1')).toBe(false);
  });

  test('reads CIDR text', () => {
    const list = new BlockList();
    list.addAddress('10.0.0.0/8');
    list.addSubnet('192.168.1.0/24');
    list.addAddress('2001:db8::/32', 'cidr');
    expect(list.rules).toEqual([
      'Subnet: IPv6 2001:db8::/32',
      'Subnet: IPv4 192.168.1.0/24',
      'Subnet: IPv4 10.0.0.0/8',
    ]);
    list.removeAddress('10.0.0.0/8');
    list.removeSubnet('192.168.1.0/24');
    expect(list.size).toBe(1);
    expect(() => list.addAddress('10.0.0.0/33')).toThrow('It must be >= 0 && <= 32. Received 33');
    expect(() => list.addAddress('x/8')).toThrow('Invalid socket address');
  });

  test('knows whether a whole subnet is on the list', () => {
    const list = new BlockList();
    list.addSubnet('10.0.0.0', 9);
    list.addRange('10.128.0.0', '10.255.255.255');
    expect(list.check('10.0.0.0/8')).toBe(true);
    expect(list.check('10.1.0.0/16', 'cidr')).toBe(true);
    expect(list.check('10.1.0.0/16', 'ipv6')).toBe(false);
    expect(list.check('10.0.0.0/7')).toBe(false);
    expect(list.check('10.0.0.0/x')).toBe(false);
  });

  test('takes bytes in network order', () => {
    const list = new BlockList();
    list.addAddress(Buffer.from([1, 2, 3, 4]));
    list.addSubnet(new Uint8Array([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 32);
    expect(list.rules).toEqual(['Address: IPv4 1.2.3.4', 'Subnet: IPv6 2001:db8::/32']);
    expect(list.check(Buffer.from([1, 2, 3, 4]))).toBe(true);
    expect(list.check(Buffer.from([1, 2, 3, 5]))).toBe(false);
    expect(() => list.check(Buffer.from([1, 2, 3]))).toThrow('must have 4 or 16 bytes');
  });

  test('takes SocketAddress of uvnet and of Node', () => {
    const list = new BlockList();
    list.addAddress(new SocketAddress({ address: '::1', port: 80 }));
    list.addRange(
      new net.SocketAddress({ address: '1.1.1.1' }),
      new SocketAddress({ address: '::ffff:1.1.1.9' }),
    );
    expect(list.check(new net.SocketAddress({ address: '::1', family: 'ipv6' }))).toBe(true);
    expect(list.check(new SocketAddress({ address: '1.1.1.5' }))).toBe(true);
    expect(list.rules[1]).toBe('Range: IPv4 1.1.1.1-::ffff:1.1.1.9');
    expect(() =>
      list.addRange(
        new net.SocketAddress({ address: '1.1.1.1' }),
        new SocketAddress({ address: '::9', family: 'ipv6' }),
      ),
    ).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ADDRESS' }));
    expect(list.rules).toHaveLength(2);
  });

  test('addMany() adds all rules or none', () => {
    const list = new BlockList();
    expect(list.addMany(['1.1.1.1', '10.0.0.0/8', '3.3.3.3-3.3.3.9', 'Address: IPv6 ::1'])).toBe(4);
    expect(list.addMany('# comment\r\n\n 2.2.2.2 ; why\r\n2001:db8::/32\n')).toBe(2);
    expect(list.addMany([])).toBe(0);
    expect(list.addMany('')).toBe(0);
    const { rules } = list;
    expect(rules).toHaveLength(6);
    expect(() => list.addMany(['4.4.4.4', 'nope'])).toThrow(
      "The argument 'entries[1]' is not a rule. Received 'nope'",
    );
    expect(() => list.addMany('4.4.4.4\n4.4.4.0/33\n')).toThrow(
      "The argument 'entries' is not a rule in line 2. Received '4.4.4.0/33'",
    );
    expect(() => list.addMany(['4.4.4.4', 5] as never)).toThrow('must be of type string');
    expect(() => list.addMany(5 as never)).toThrow('must be of type string or string[]');
    expect(() => list.addMany(['3.3.3.9-3.3.3.3'])).toThrow('is not a rule');
    expect(list.rules).toEqual(rules);
  });
});

test('replaceMany() replaces all rules or none', () => {
  const list = new BlockList();
  list.addMany(['1.1.1.1', '10.0.0.0/8']);
  expect(list.replaceMany(['2.2.2.2', '11.0.0.0/8'])).toBe(2);
  expect(list.rules).toEqual(['Address: IPv4 2.2.2.2', 'Subnet: IPv4 11.0.0.0/8']);
  expect([list.check('1.1.1.1'), list.check('2.2.2.2')]).toEqual([false, true]);
  expect(() => list.replaceMany(['3.3.3.3', 'nope'])).toThrow("'entries[1]' is not a rule");
  expect(() => list.replaceMany(5 as never)).toThrow('must be of type string or string[]');
  expect(list.size).toBe(2);
  expect(list.replaceMany('3.3.3.3 # one')).toBe(1);
  expect(list.replaceMany([])).toBe(0);
  expect(list.check('3.3.3.3')).toBe(false);
});

test('isBlockList and instanceof recognise both kinds', () => {
  class Special extends BlockList {}
  const ours = new BlockList();
  const node = new net.BlockList();
  expect(BlockList.isBlockList(ours)).toBe(true);
  expect(BlockList.isBlockList(node)).toBe(true);
  expect(BlockList.isBlockList({})).toBe(false);
  expect(BlockList.isBlockList(null)).toBe(false);
  expect(ours).toBeInstanceOf(net.BlockList);
  expect(node).toBeInstanceOf(BlockList);
  expect(ours instanceof Special).toBe(false);
  expect(new Special() instanceof Special).toBe(true);
  expect(listIdOf(ours)).toBeGreaterThanOrEqual(0);
  expect(listIdOf(node)).toBe(-1);
});

test('postMessage copies the list; both share the rules from then on', async () => {
  const list = new BlockList();
  list.addMany(['1.1.1.1', '10.0.0.0/8', '2001:db8::1-2001:db8::9', '1.1.1.1-::ffff:1.1.1.9']);
  const { rules } = list;
  const { port1, port2 } = new MessageChannel();
  const received = new Promise<net.BlockList>((resolve) => void port1.once('message', resolve));
  port2.postMessage(list);
  const copy = await received;
  port1.close();

  expect(BlockList.isBlockList(copy)).toBe(true);
  expect(copy.check('10.2.3.4')).toBe(true);
  expect([...list.rules].sort()).toEqual([...rules].sort());
  copy.addAddress('7.7.7.7');
  list.addAddress('8.8.8.8');
  list.addSubnet('2001:db8:1::/48');
  list.addRange('9.0.0.0', '9.0.0.9');
  list.addMany('11.0.0.0/8');
  expect(list.check('7.7.7.7')).toBe(true);
  expect(copy.check('8.8.8.8')).toBe(true);
  expect(copy.check('2001:db8:1::1', 'ipv6')).toBe(true);
  expect(copy.check('9.0.0.5')).toBe(true);
  expect(list.check('2001:db8:1::1')).toBe(true);
  expect(list.check('10.0.0.0/9')).toBe(true);
  expect(list.check('nope')).toBe(false);
  expect(list.size).toBe(rules.length + 5);
  expect(listIdOf(list)).toBe(-1);
  expect(() => list.addRange('9.0.0.9', '9.0.0.0')).toThrow('must come before end');
  expect(() => list.addMany(['nope'])).toThrow('is not a rule');
  if (nodeIsNew) {
    list.removeAddress('8.8.8.8');
    list.removeSubnet('10.0.0.0/8');
    list.removeRange('9.0.0.0', '9.0.0.9');
    expect(copy.check('8.8.8.8')).toBe(false);
    expect(copy.check('10.2.3.4')).toBe(false);
    list.clear();
    expect(copy.check('7.7.7.7')).toBe(false);
  } else {
    expect(() => list.removeAddress('8.8.8.8')).toThrow('share() has no such limit');
    expect(() => list.clear()).toThrow('share() has no such limit');
  }
  // A token takes the rules back; the copies keep what they had.
  const shared = BlockList.from(list.share());
  list.addAddress('5.5.5.5');
  expect(shared.check('5.5.5.5')).toBe(true);
  expect(copy.check('5.5.5.5')).toBe(false);
});
