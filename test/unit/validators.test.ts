// Compares every check with a function of the running Node that makes the same check.
import * as dns from 'node:dns';
import { EventEmitter } from 'node:events';
import * as net from 'node:net';
import * as check from '../../lib/internal/base/validators';

/** `undefined` if the call returns; else what a program can compare. */
function outcome(call: () => unknown): object | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    const { name, message, code } = error as Error & { code?: unknown };
    return { name, message, code };
  }
}

// Without -0, which ends the process of older versions in some of these calls.
const values = [
  undefined,
  null,
  true,
  false,
  0,
  1,
  -1,
  1.5,
  32,
  33,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  NaN,
  Infinity,
  -Infinity,
  '',
  ' ',
  '0',
  '80',
  ' 80 ',
  '0x50',
  '8e1',
  '65535',
  '65536',
  '-1',
  'text',
  1n,
  Symbol('symbol'),
  {},
  [],
  [1],
  () => undefined,
  new Date(0),
  new AbortController().signal,
  { aborted: true },
];

const pairs: [string, (value: unknown) => unknown, (value: unknown) => unknown][] = [
  [
    'validatePort',
    (value) => check.validatePort(value ?? 0, 'options.port'),
    (value) => {
      const port = value ?? 0;
      // A port given as text ends the process of Node 20.
      const text =
        typeof port === 'string' && port.trim() !== '' && Number(port) >= 0 && Number(port) < 65536;
      return new net.SocketAddress({ port: text ? Number(port) : (port as number) });
    },
  ],
  [
    'validateInt32 with bounds',
    (value) => check.validateInt32(value, 'prefix', 0, 32),
    (value) => new net.BlockList().addSubnet('10.0.0.0', value as number),
  ],
  [
    'validateUint32',
    // Node ends the process at flow labels that need more than 20 bits.
    (value) => check.validateUint32(tame(value) ?? 0, 'options.flowlabel'),
    (value) => new net.SocketAddress({ family: 'ipv6', flowlabel: (tame(value) ?? 0) as number }),
  ],
  [
    'validateNumber',
    (value) => check.validateNumber(value, 'setMaxListeners', 0),
    (value) => new EventEmitter().setMaxListeners(value as number),
  ],
  [
    'validateString',
    (value) => check.validateString(value === 'text' ? 1 : value, 'input'),
    (value) =>
      net.SocketAddress.parse
        ? net.SocketAddress.parse((value === 'text' ? 1 : value) as string)
        : check.validateString(value === 'text' ? 1 : value, 'input'),
  ],
  [
    'validateBoolean',
    (value) => check.validateBoolean(value, 'value'),
    (value) => {
      const before = net.getDefaultAutoSelectFamily();
      try {
        net.setDefaultAutoSelectFamily(value as boolean);
      } finally {
        net.setDefaultAutoSelectFamily(before);
      }
    },
  ],
  [
    'validateFunction',
    (value) => check.validateFunction(typeof value === 'function' ? 1 : value, 'callback'),
    (value) =>
      dns.lookupService('127.0.0.1', 0, (typeof value === 'function' ? 1 : value) as never),
  ],
  [
    'validateObject',
    (value) => check.validateObject(plainObject(value) ? {} : (value ?? 1), 'options'),
    (value) => new net.SocketAddress(plainObject(value) ? {} : (value ?? 1)),
  ],
  [
    'validateArray',
    (value) => check.validateArray(Array.isArray(value) ? [] : value, 'list'),
    (value) => Buffer.concat((Array.isArray(value) ? [] : value) as never),
  ],
  [
    'validateAbortSignal',
    (value) => {
      check.validateAbortSignal(aborted(value) ? undefined : value, 'options.signal');
    },
    (value) =>
      new net.Server().listen({
        path: '/nowhere/at/all',
        signal: (aborted(value) ? undefined : value) as AbortSignal,
      }),
  ],
  [
    'validateOneOf',
    (value) =>
      check.validateOneOf(value, 'dnsOrder', ['verbatim', 'ipv4first', 'ipv6first'] as const),
    (value) => dns.setDefaultResultOrder(value as 'verbatim'),
  ],
];

function tame(value: unknown): unknown {
  return typeof value === 'number' && value >= 2 ** 20 && value < 2 ** 32 ? 1 : value;
}

function plainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function aborted(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'aborted' in value;
}

const [major = 0] = process.versions.node.split('.').map(Number);

describe.each(pairs)('%s', (name, ours, node) => {
  test.each(values.map((value) => [value]))('judges %p as Node does', (value) => {
    if (name === 'validateAbortSignal' && value === undefined) {
      expect(outcome(() => ours(value))).toBeUndefined();
      return;
    }
    const expected = outcome(() => {
      const result = node(value);
      if (result instanceof net.Server) result.on('error', () => undefined);
    });
    if (name === 'validateOneOf' && major < 22 && expected !== undefined) {
      // The third order is younger than Node 20.
      expect(outcome(() => ours(value))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
      return;
    }
    expect(outcome(() => ours(value))).toEqual(expected);
  });
});

test('validatePort returns a number', () => {
  expect(check.validatePort('0x50')).toBe(80);
  expect(check.validatePort(' 80 ')).toBe(80);
  expect(Object.is(check.validatePort(-0), 0)).toBe(true);
  expect(() => check.validatePort(0, 'port', false)).toThrow('port should be > 0 and < 65536.');
  expect(() => check.validatePort('0', 'port', false)).toThrow('port should be > 0 and < 65536.');
});

test('bounds are checked as in Node', () => {
  expect(outcome(() => check.validateInt32(2 ** 31, 'n'))).toEqual({
    name: 'RangeError',
    code: 'ERR_OUT_OF_RANGE',
    message:
      'The value of "n" is out of range. It must be >= -2147483648 && <= 2147483647. ' +
      'Received 2147483648',
  });
  expect(() => check.validateUint32(0, 'n', true)).toThrow('It must be >= 1 && <= 4294967295.');
  expect(() => check.validateNumber(5, 'n', 6, 7)).toThrow('It must be >= 6 && <= 7. Received 5');
  expect(() => check.validateNumber(8, 'n', undefined, 7)).toThrow('It must be <= 7. Received 8');
  expect(() => check.validateNumber(NaN, 'n')).not.toThrow();
  expect(() => check.validateArray([1], 'n', 2)).toThrow('must have a length of at least 2');
  expect(() => check.validateStringWithoutNullBytes('a\0b', 'path')).toThrow(
    "The argument 'path' must be a string without null bytes. Received 'a\\x00b'",
  );
  expect(() => check.validateStringWithoutNullBytes('ab', 'path')).not.toThrow();
});
