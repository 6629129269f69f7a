// isIP, isIPv4 and isIPv6 against node:net.
import * as net from 'node:net';
import { isIP, isIPv4, isIPv6 } from '../../lib/internal/base/ip';

function expectSame(value: unknown): void {
  const ours = [isIP(value), isIPv4(value), isIPv6(value)];
  const node = [
    net.isIP(value as string),
    net.isIPv4(value as string),
    net.isIPv6(value as string),
  ];
  // Jest's matchers are too slow to be called a million times.
  if (ours.join() !== node.join()) {
    throw new Error(`${JSON.stringify(value)}: ${ours.join()}, node:net: ${node.join()}`);
  }
}

const addresses = [
  '0.0.0.0',
  '1.2.3.4',
  '255.255.255.255',
  '::',
  '::1',
  '1::',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1::8',
  'ABCD:ef01::2345',
  '1:2:3:4:5:6:1.2.3.4',
  '1:2:3:4:5::1.2.3.4',
  '::1.2.3.4',
  '::ffff:255.255.255.255',
  'fe80::1%eth0',
  '::%1',
  'fe80::1%a-b.c:d',
  '::1.2.3.4%z',
];

test('addresses are recognised as in node:net', () => {
  for (const address of addresses) expectSame(address);
  expect(addresses.map(isIP)).toEqual(addresses.map((text) => (text.includes(':') ? 6 : 4)));
});

test('texts that resemble addresses are rejected as in node:net', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.00',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    '٠.0.0.0',
    ':',
    ':::',
    '1:',
    ':1',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6::1.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    '12345::',
    'g::',
    '::1%',
    '::1%é',
    '::1%a%b',
    '::1%a/b',
    '[::1]',
    '::1.2.3',
    '::01.2.3.4',
    '1%eth0',
    '1.2.3.4%eth0',
    'localhost',
    'face.example',
    'ı::',
    'Ａ::',
  ]) {
    expectSame(text);
    expect(isIP(text)).toBe(0);
  }
});

test('values that are not strings are converted as in node:net', () => {
  for (const value of [
    undefined,
    null,
    0,
    1.5,
    NaN,
    true,
    {},
    [],
    ['1.2.3.4'],
    ['::1'],
    10n,
    new String('::1'),
    { toString: () => '127.0.0.1' },
    { [Symbol.toPrimitive]: () => '::1' },
    () => undefined,
    new Date(0),
    Buffer.from('1.2.3.4'),
  ]) {
    expectSame(value);
  }
  expect(isIP({ toString: () => '127.0.0.1' })).toBe(4);
});

test('values are converted as often as in node:net, and errors are passed on', () => {
  const trace = (test: (value: never) => unknown) => {
    let calls = 0;
    const results = ['::1', '1.2.3.4', 'x'].map((text) =>
      test({ toString: () => (calls++ % 2 ? text : '::2') } as never),
    );
    return { results, calls };
  };
  expect(trace(isIP)).toEqual(trace(net.isIP));
  expect(trace(isIPv6)).toEqual(trace(net.isIPv6));
  for (const test of [isIP, isIPv4, isIPv6]) {
    expect(() => test(Symbol('1.2.3.4'))).toThrow('Cannot convert a Symbol value to a string');
    expect(() => test(Object.create(null))).toThrow('Cannot convert object to primitive value');
    expect(test.length).toBe(1);
  }
});

test('mutated addresses are judged as in node:net (UVNET_FUZZ_ROUNDS, UVNET_SEED)', () => {
  // Mulberry32: a seed that fails can be run again.
  let state = Number(process.env.UVNET_SEED ?? 1);
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % bound;
  };
  const pieces = [
    ...'0123456789abcdefABCDEFgG:.%-/ ',
    '::',
    '0',
    '255',
    '256',
    'ffff',
    '1.2.3.4',
    ':0',
  ];
  const rounds = Number(process.env.UVNET_FUZZ_ROUNDS ?? 200_000);
  const accepted = [0, 0, 0, 0, 0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    let text = addresses[below(addresses.length)] ?? '';
    for (let edits = below(4); edits > 0; edits--) {
      const at = below(text.length + 1);
      const piece = pieces[below(pieces.length)] ?? '';
      text = text.slice(0, at) + piece + text.slice(at + below(3));
    }
    expectSame(text);
    accepted[isIP(text)]++;
  }
  // The mutations are not all invalid, nor all valid.
  expect(accepted[0]).toBeGreaterThan(rounds / 10);
  expect(accepted[4]).toBeGreaterThan(rounds / 100);
  expect(accepted[6]).toBeGreaterThan(rounds / 10);
});
