// The types of uvnet's additions, and the errors that they cause; checked by `tsc -p
// tsconfig.test.json`.
import type { Handlers, ServerHandlers } from 'uvnet/lean';

import type * as uvnet from 'uvnet';
import type * as uvnetFront from 'uvnet/front';
import type * as uvnetLean from 'uvnet/lean';
import type * as uvnetPromises from 'uvnet/promises';

/** Compiles only if both are the same. */
type Same<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : never;

/** Calls that must compile, and calls that must not. */
export function calls(net: typeof uvnet): void {
  net.connect({ port: 5, host: 'localhost', connectTimeout: 100, mark: 1 }, () => {});
  net.connect({ path: '/run/x', noDelay: true }).setNoDelay();
  net.connect(5, 'localhost', () => {});
  net.connect(5, () => {});
  net.createConnection('/run/x').end();
  new net.Socket().connect({ port: 5, dualLookup: true });
  net.createServer({ proxyProtocol: 'required' }).listen({ path: '/run/x', mode: 0o600 });

  const server = net.createServer({ maxConnectionsPerAddress: { limit: 5, ipv6Prefix: 48 } });
  server.maxConnectionsPerAddress = 7;
  server.close({ gracePeriod: 100, idleTimeout: 5 }, () => server.closeIdleConnections());

  // @ts-expect-error -- a misspelt name
  net.connect({ potr: 5 });
  // @ts-expect-error -- an address limit without a limit
  net.createServer({ maxConnectionsPerAddress: { ipv6Prefix: 48 } });
  // @ts-expect-error -- neither port nor path
  net.connect({ host: 'localhost' });
  // @ts-expect-error -- no such mode
  net.createServer({ proxyProtocol: 'maybe' });
  // @ts-expect-error -- a misspelt name
  net.createServer({ proxyProtocl: 'required' });
  // @ts-expect-error -- a misspelt name
  new net.Socket().connect({ port: 5, dualLookpu: true });
}

/** Listeners get uvnet's own sockets and the arguments that it adds to node:net. */
export function events(server: uvnet.Server, socket: uvnet.Socket): void {
  server.on('connection', (connection) => connection.setOption('mark', 1));
  server.once('drop', ({ reason, remoteAddress }) => [reason, remoteAddress]);
  server.on('acceptError', (error) => error.code.toUpperCase());
  server.on('connectionAttempt', (attempt, info) => [attempt.destroy(), info.remoteAddress]);
  socket.on('descriptor', (received, position) => [received.take(), position.toFixed()]);
  socket.prependListener('data', (data) => data.length);
  socket.off('custom', (anything: number) => anything);
}

interface Session {
  name: string;
}

export function front({ createFront, proxyInfoOf }: typeof uvnetFront, server: uvnet.Server): void {
  const one = createFront(server, { proxyProtocol: 'required', maxConnectionsPerAddress: 5 });
  one.on('drop', ({ reason }) => reason === 'blockList').listen({ port: 0, mode: 0o600 });
  one.maxConnections = 10;
  const { accepted } = one.stats();
  void one.close({ gracePeriod: accepted }).then(({ ended, destroyed }) => ended + destroyed);
  const address: string | undefined = proxyInfoOf({})?.sourceAddress;
  const several = createFront(
    ({ protocol, serverName, alpnProtocols }) => {
      if (protocol === 'ssh') return { connect: { port: 22 }, sendProxy: 2, relay: {} };
      if (alpnProtocols.includes('h2')) return (socket) => void socket.toLean({});
      return serverName === undefined ? undefined : server;
    },
    { sniff: true, sniffTimeout: 5000 },
  );
  several.on('relayError', (error, { remoteAddress }) => `${error.side} ${remoteAddress}`);
  // @ts-expect-error -- no such protocol
  createFront(({ protocol }) => (protocol === 'smtp' ? null : server), { sniff: true });
  // @ts-expect-error -- Node's sockets cannot receive descriptors
  createFront(server, { receiveDescriptors: address !== undefined });
}

export async function promises(
  { connect, listen, serve, Stream }: typeof uvnetPromises,
  socket: uvnet.Socket,
): Promise<void> {
  const { signal } = new AbortController();
  const stream = await connect({ port: 5, noDelay: true, connectTimeout: 100, signal });
  const chunk: Buffer | null = await stream.read(10, { timeout: 5 });
  const exact: Buffer = await stream.readExactly(4);
  const line: string | null = await stream.readLine({ max: 100, encoding: 'latin1' });
  await stream.readUntil(exact, { includeDelimiter: chunk === null, signal });
  for await (const text of stream.lines()) await stream.write(text, { encoding: 'utf8' });
  for await (const message of stream.messages({ type: 'length', bytes: 4 })) message.readUInt8();
  await stream.writev(['text', exact]);
  await stream.end();
  const port: number | undefined = Stream.from(socket).remote.port;
  const listener = await listen({ port, maxConnections: 5, onDrop: ({ reason }) => void reason });
  const next: uvnetPromises.Stream | null = await listener.accept();
  await serve(listener, (one) => one.write(String(line)), { concurrency: 5, gracePeriod: 5 });
  next?.readable.getReader({ mode: 'byob' });
  // @ts-expect-error -- a size is a number
  await stream.readExactly('4');
  // @ts-expect-error -- an encoding of Node
  await stream.readLine({ encoding: 'other' });
  // @ts-expect-error -- the framing of handler tables
  stream.messages({ type: 'lines' });
}

export function lean({ listen }: typeof uvnetLean): void {
  listen<Session>(
    { port: 0 },
    {
      open: (c) => (c.data = { name: 'x' }),
      data: (c, bytes) => c.write(c.data.name + String(bytes)),
      close: (_connection, error) => error?.code?.toUpperCase(),
      acceptError: (error) => error.code.toUpperCase(),
    },
  );
}

export type Checks = [
  Same<Parameters<NonNullable<Handlers['close']>>[1], NodeJS.ErrnoException | undefined>,
  Same<Parameters<NonNullable<ServerHandlers['drop']>>[0], uvnet.DropData>,
  Same<uvnet.SocketEventMap['descriptor'][0], uvnet.ReceivedDescriptor>,
  Same<uvnet.ServerEventMap['connection'][0], uvnet.Socket>,
];

test('the functions that were type-checked are there', () => {
  const names = ['connect', 'createServer', 'Socket', 'Server'];
  expect(Object.keys(require('uvnet') as object)).toEqual(expect.arrayContaining(names));
});
