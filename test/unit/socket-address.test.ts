// Compares SocketAddress with the running node:net, and tests the additions.
import * as net from 'node:net';
import { inspect } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { SocketAddress } from '../../lib/internal/block-list/socket-address';

type Options = ConstructorParameters<typeof SocketAddress>[0];

/** The published types of Node's class lack the method. */
const parts = (address: net.SocketAddress | undefined) =>
  (address as SocketAddress | undefined)?.toJSON();

function outcome(make: () => net.SocketAddress): unknown {
  try {
    const made = make();
    return [parts(made), inspect(made), JSON.stringify(made), made.address, made.port];
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string };
    return `${name} ${code}: ${message}`;
  }
}

const same: unknown[] = [
  undefined,
  {},
  { address: '1.2.3.4' },
  { address: '1.2.3.4', port: 80 },
  { address: '1.2.3.4', port: 65535, family: 'IPv4' },
  { family: 'ipv6' },
  { family: 'IPV6', address: '2001:DB8::1', flowlabel: 7 },
  { family: 'ipv6', address: 'fe80::1%lo' },
  { family: 'ipv6', address: '::ffff:1.2.3.4' },
  { family: 'ipv4', flowlabel: 3 },
  1,
  false,
  null,
  'text',
  [],
  { family: 1 },
  { family: 'test' },
  { family: {} },
  { family: null },
  { address: 1 },
  { address: null },
  { address: {} },
  { address: '' },
  { address: 'nope' },
  { address: '1.2.3' },
  { address: '01.2.3.4' },
  { address: '1.2.3.4', family: 'ipv6' },
  { address: '::1', family: 'ipv4' },
  { port: -1 },
  { port: 65536 },
  { port: 'x' },
  { port: null },
  { port: 1.5 },
  { flowlabel: -1 },
  { flowlabel: 1.5 },
  { flowlabel: '1' },
  { flowlabel: 2 ** 32 },
  { address: 1, port: -1, flowlabel: -1, family: 'test' },
  { address: 1, port: -1, flowlabel: -1 },
  { address: 'nope', port: -1, flowlabel: -1 },
  { address: 'nope', flowlabel: -1 },
];

test.each(same.map((options) => [options]))('%p has the same result as in node:net', (options) => {
  const expected = outcome(() => new net.SocketAddress(options as object));
  expect(outcome(() => new SocketAddress(options as Options))).toEqual(expected);
});

test('options that end the process in node:net are refused', () => {
  expect(() => new SocketAddress({ family: 'ipv6', flowlabel: 2 ** 20 })).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', name: 'RangeError' }) as Error,
  );
  expect(() => new SocketAddress({ flowlabel: 2 ** 32 - 1 })).toThrow(
    'It must be >= 0 && <= 1048575. Received 4294967295',
  );
  // Text and -0 end the process of some versions.
  expect(new SocketAddress({ port: '80' as never }).port).toBe(80);
  expect(Object.is(new SocketAddress({ port: -0 }).port, 0)).toBe(true);
  expect(Object.is(new SocketAddress({ flowlabel: -0 }).flowlabel, 0)).toBe(true);
  expect(() => new SocketAddress({ address: '1.2.3.4\0' })).toThrow('Invalid socket address');
  expect(new SocketAddress({ address: '::1' }).family).toBe('ipv6');
  expect(new SocketAddress({ address: 'fe80::1%lo', port: 1 }).family).toBe('ipv6');
  expect(outcome(() => new SocketAddress({ family: undefined, address: '::1' }))).toEqual(
    outcome(() => new net.SocketAddress({ family: 'ipv6', address: '::1' })),
  );
});

test('toString() has address and port', () => {
  expect(String(new SocketAddress({ address: '1.2.3.4', port: 80 }))).toBe('1.2.3.4:80');
  expect(String(new SocketAddress({ address: '2001:DB8::1', port: 443 }))).toBe(
    '[2001:db8::1]:443',
  );
  expect(new SocketAddress().toString()).toBe('127.0.0.1:0');
});

test('the largest flow label is accepted', () => {
  expect(new SocketAddress({ family: 'ipv6', flowlabel: 0xffffe }).flowlabel).toBe(0xffffe);
});

test('parse() reads what node:net reads', () => {
  const texts = [
    '1.2.3.4',
    '192.168.257:1',
    '256',
    '999999999:12',
    '0xffffffff',
    '0x.0x.0',
    '[1:0::]',
    '[1::8]:123',
    '[1::8]:80',
    '1.2.3.4:80',
    '1.2.3.4:65535',
    'not an ip',
    'abc.123',
    '259.1.1.1',
    '12:12:12',
    '',
    '::1',
    '1.2.3.4:65536',
    '1.2.3.4/path',
    'user@1.2.3.4:5',
  ];
  for (const text of texts) {
    const parsed = SocketAddress.parse(text);
    if (parsed !== undefined) expect(SocketAddress.isSocketAddress(parsed)).toBe(true);
    // Node 20 has no parse().
    if (net.SocketAddress.parse as unknown) {
      expect([text, parts(parsed)]).toEqual([text, parts(net.SocketAddress.parse(text))]);
    }
  }
  expect(parts(SocketAddress.parse('[1::8]:123'))).toEqual({
    address: '1::8',
    port: 123,
    family: 'ipv6',
    flowlabel: 0,
  });
  expect(SocketAddress.parse('nope')).toBeUndefined();
  expect(() => SocketAddress.parse(1 as never)).toThrow(
    'The "input" argument must be of type string. Received type number (1)',
  );
});

test('isSocketAddress() and instanceof recognise both kinds', () => {
  class Special extends SocketAddress {}
  const ours = new SocketAddress();
  const node = new net.SocketAddress({});
  expect(SocketAddress.isSocketAddress(ours)).toBe(true);
  expect(SocketAddress.isSocketAddress(node)).toBe(true);
  expect(SocketAddress.isSocketAddress({ address: '1.1.1.1' })).toBe(false);
  expect(SocketAddress.isSocketAddress(undefined)).toBe(false);
  expect(ours).toBeInstanceOf(net.SocketAddress);
  expect(node).toBeInstanceOf(SocketAddress);
  expect(ours instanceof Special).toBe(false);
  expect(new Special() instanceof Special).toBe(true);
});

test('postMessage copies it', async () => {
  const { port1, port2 } = new MessageChannel();
  const received = new Promise<unknown>((resolve) => void port1.once('message', resolve));
  const sent = new SocketAddress({ address: '::1', port: 80, flowlabel: 5 });
  port2.postMessage(sent);
  const copy = await received;
  port1.close();
  expect(copy).toBeInstanceOf(SocketAddress);
  expect(parts(copy as net.SocketAddress)).toEqual(parts(sent));
});
