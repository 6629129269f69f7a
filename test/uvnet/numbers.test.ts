import * as net from 'uvnet';

import { thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import type { Net } from '../helpers/implementations';
import { portOf, Scope } from '../helpers/scope';

/**
 * Every numeric option of servers and sockets: invalid values are rejected, and limits fail closed.
 */

const scope = new Scope(net as unknown as Net);
afterEach(() => scope.dispose());

const TINY = Number.MIN_VALUE;
const numbers: unknown[] = [
  ...[0, -0, 1, 2, -1, 0.5, 1.5, 1e-9, 1e-305, TINY, -TINY, 128, 129, 1e9, 1e9 + 1],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e308],
  ...[NaN, Infinity, -Infinity, 1n, 2n ** 64n, '1', '', true, {}, [], Symbol('one')],
];

const isNumber = (value: unknown): value is number => typeof value === 'number';
/** An integer within bounds. */
const within =
  (least: number, most: number) =>
  (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

interface Row {
  name: string;
  /** Which of the numbers are taken. */
  takes: (value: unknown) => boolean;
  /** Gives the number to a server that exists already. */
  set: (server: net.Server, value: never) => void;
  /** What is set, to be compared. */
  get: (server: net.Server) => unknown;
  /** The options of a new server. */
  options?: (value: unknown) => object;
}

const property = (name: keyof net.Server & string, takes: Row['takes']): Row => ({
  name,
  takes,
  set: (server, value) => ((server as unknown as Record<string, unknown>)[name] = value),
  get: (server) => server[name],
  options: (value) => ({ [name]: value }),
});

const addressLimit = (server: net.Server): { limit: unknown; ipv6Prefix: unknown } => {
  const limit = server.maxConnectionsPerAddress as net.AddressLimit | number;
  return typeof limit === 'object' ? (limit as never) : { limit, ipv6Prefix: 64 };
};

const perSecond = (value: unknown): boolean => isNumber(value) && value >= TINY && value <= 1e9;
const rows: Row[] = [
  property('maxConnectionsPerAddress', within(0, 2 ** 53 - 1)),
  {
    name: 'maxConnectionsPerAddress.limit',
    takes: within(0, 2 ** 53 - 1),
    set: (server, value) => (server.maxConnectionsPerAddress = { limit: value }),
    get: (server) => addressLimit(server).limit,
    options: (value) => ({ maxConnectionsPerAddress: { limit: value } }),
  },
  {
    name: 'maxConnectionsPerAddress.ipv6Prefix',
    takes: within(0, 128),
    set: (server, value) => (server.maxConnectionsPerAddress = { limit: 5, ipv6Prefix: value }),
    get: (server) => addressLimit(server).ipv6Prefix,
    options: (value) => ({ maxConnectionsPerAddress: { limit: 5, ipv6Prefix: value } }),
  },
  property('proxyHeaderTimeout', within(1, 2 ** 31 - 1)),
  property('connectionAttemptTimeout', within(0, 2 ** 31 - 1)),
  {
    name: 'acceptRate.perSecond',
    takes: perSecond,
    set: (server, value) => (server.acceptRate = { perSecond: value }),
    get: (server) => server.acceptRate?.perSecond,
    options: (value) => ({ acceptRate: { perSecond: value } }),
  },
  {
    name: 'acceptRate.burst',
    takes: within(1, 2 ** 31 - 1),
    set: (server, value) => (server.acceptRate = { perSecond: 5, burst: value }),
    get: (server) => server.acceptRate?.burst,
    options: (value) => ({ acceptRate: { perSecond: 5, burst: value } }),
  },
  {
    name: 'idleTimeout of closeIdleConnections',
    takes: within(0, 2 ** 53 - 1),
    set: (server, value) => server.closeIdleConnections(value),
    get: () => undefined,
  },
  {
    name: 'gracePeriod of close',
    takes: within(0, 2 ** 31 - 1),
    set: (server, value) => server.close({ gracePeriod: value }),
    get: () => undefined,
  },
  {
    name: 'idleTimeout of close',
    takes: within(0, 2 ** 31 - 1),
    set: (server, value) => server.close({ gracePeriod: 0, idleTimeout: value }),
    get: () => undefined,
  },
];

const codes = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE'];

describe.each(rows)('$name', ({ takes, set, get, options }) => {
  test.each(numbers.map((value) => [value]))('of %p is either accepted or rejected', (value) => {
    const server = net.createServer();
    server.maxConnectionsPerAddress = 7;
    server.acceptRate = { perSecond: 3, burst: 4 };
    const before = get(server);
    if (takes(value)) {
      set(server, value as never);
      if (before !== undefined) expect(get(server)).toBe(value);
      if (options !== undefined) expect(get(net.createServer(options(value)))).toBe(value);
      return;
    }
    expect(codes).toContain(
      (thrownBy(() => set(server, value as never)) as { code?: string }).code,
    );
    // A rejected value has changed nothing.
    expect(get(server)).toBe(before);
    if (options === undefined) return;
    const made = (): unknown => net.createServer(options(value));
    expect(codes).toContain((thrownBy(made) as { code?: string }).code);
  });
});

/** How many of five connections that come at once are let in. */
async function letIn(options: net.ServerOptions, maxConnections?: unknown): Promise<number> {
  const server = scope.trackServer(net.createServer(options) as never);
  if (maxConnections !== undefined) server.maxConnections = maxConnections as number;
  await scope.listen(server);
  const settled = new Promise<void>((resolve) => {
    let left = 5;
    const one = (): void => {
      if (--left === 0) resolve();
    };
    server.on('connection', one).on('drop', one);
  });
  for (let i = 0; i < 5; i++) {
    scope.connect({ port: portOf(server), host: '127.0.0.1' }).on('error', () => {});
  }
  await settled;
  return (server as unknown as net.Server).stats().accepted;
}

test.each([TINY, 1e-308, 1e-305, 1e-300, 1e-9, 0.001, 0.5])(
  'a rate of %p connections per second lets one in',
  async (rate) => {
    expect(await letIn({ acceptRate: { perSecond: rate } })).toBe(1);
  },
);

test.each([TINY, 1e-305, 1e-9])('a rate of %p with a burst of 3 lets three in', async (rate) => {
  expect(await letIn({ acceptRate: { perSecond: rate, burst: 3 } })).toBe(
    // Beyond 73 years for a burst the native code knows no difference.
    rate < 1e-9 ? 2 : 3,
  );
});

test('a higher rate applies at once, whatever the old rate was', async () => {
  const server = net.createServer({ acceptRate: { perSecond: TINY } });
  scope.trackServer(server as never);
  await scope.listen(server as never);
  await scope.join(server as never);
  server.acceptRate = { perSecond: 1e6 };
  await scope.join(server as never);
  await scope.join(server as never);
  expect(server.stats()).toMatchObject({ accepted: 3, dropped: { acceptRate: 0 } });
});

// As in node:net, which compares the value each time.
test.each([
  [0, 0],
  [-0, 0],
  [-1, 0],
  [-Infinity, 0],
  [TINY, 1],
  [0.5, 1],
  [2, 2],
  [2n, 2],
  ['2', 2],
  [2 ** 32, 5],
  [2 ** 53, 5],
  [Infinity, 5],
  [NaN, 5],
  [null, 5],
])('maxConnections of %p lets %i of five in', async (limit, expected) => {
  expect(await letIn({}, limit)).toBe(expected);
});

test.each([
  [0, 0],
  [-0, 0],
  [1, 1],
  [2 ** 32 - 1, 5],
  [2 ** 32, 5],
  [2 ** 53 - 1, 5],
])('maxConnectionsPerAddress of %p lets %i of five in', async (limit, expected) => {
  expect(await letIn({ maxConnectionsPerAddress: limit })).toBe(expected);
});

test.each(numbers.map((value) => [value]))(
  'peek(%p) is either accepted or rejected',
  async (size) => {
    const { client, peer } = await scope.pair();
    const peeked = (peer as unknown as net.Socket).peek(size as number);
    if (within(1, 16384)(size)) {
      client.write(Buffer.alloc(size as number));
      expect(await peeked).toHaveLength(size as number);
      return;
    }
    const error: unknown = await peeked.catch((reason: unknown) => reason);
    expect(codes).toContain((error as { code?: string }).code);
    // It continues reading as if nothing had happened.
    client.write('hello');
    expect(String((await nextEvent(peer, 'data'))[0])).toBe('hello');
  },
);
