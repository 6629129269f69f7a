// A replacement for a module of Node must not change anything else.
import path from 'node:path';
import { runChild, type ChildTools } from '../helpers/child';
import { reference, uvnet } from '../helpers/implementations';

type Uvnet = typeof import('../../lib/index');
type Lean = typeof import('../../lib/lean');
type Fronts = typeof import('../../lib/front');

/** Uses uvnet in every way that loads a part of it, and prints the changes in Node. */
async function session({
  require,
  args: [entry, leanEntry, frontEntry, missing],
}: ChildTools): Promise<void> {
  const { once } = require('node:events') as typeof import('node:events');
  const modules = [
    ...[
      'async_hooks',
      'buffer',
      'child_process',
      'cluster',
      'diagnostics_channel',
      'dns',
      'events',
    ],
    ...['fs', 'net', 'perf_hooks', 'stream', 'timers', 'tls', 'url', 'util', 'worker_threads'],
  ];
  const roots = new Map<string, object>([
    ['globalThis', globalThis],
    ['process', process],
    ...modules.map((name): [string, object] => [name, require(`node:${name}`) as object]),
  ]);

  /** The functions that are there, by the path to them; getters and setters too. */
  const snapshot = (): Map<string, unknown> => {
    const functions = new Map<string, unknown>();
    const seen = new Set<object>([functions]);
    const visit = (where: string, object: object): void => {
      if (seen.has(object)) return;
      seen.add(object);
      for (const key of Reflect.ownKeys(object)) {
        const place = `${where}.${String(key)}`;
        const property = Reflect.getOwnPropertyDescriptor(object, key)!;
        for (const part of ['get', 'set', 'value'] as const) {
          const found: unknown = property[part];
          if (typeof found !== 'function') continue;
          functions.set(`${place} (${part})`, found);
          visit(place, found);
        }
        if (key === 'prototype') visit(place, property.value as object);
      }
      const parent = Reflect.getPrototypeOf(object);
      if (parent !== null) visit(`${where}.__proto__`, parent);
    };
    for (const [name, root] of roots) visit(name, root);
    return functions;
  };

  // Code given by -e has a global `module` until it has run.
  await new Promise(setImmediate);
  const before = snapshot();
  // Not earlier, because parts of Node itself need it when they are loaded.
  const global = Reflect.getOwnPropertyDescriptor(globalThis, missing as string);
  if (missing !== undefined) Reflect.deleteProperty(globalThis, missing as string);
  const net = require(entry as string) as Uvnet;
  const host = '127.0.0.1';
  const portOf = (server: { address(): unknown }): number =>
    (server.address() as import('node:net').AddressInfo).port;

  const server = net.createServer((socket) => socket.pipe(socket));
  await once(server.listen(0, 'localhost'), 'listening');
  const client = net.connect({ port: portOf(server), host: 'localhost', timeout: 10_000 });
  await once(client, 'connect');
  client.setNoDelay(true).setKeepAlive(true);
  client.end('hello');
  await once(client.resume(), 'close');
  new net.BlockList().addSubnet('10.0.0.0', 8);
  void new net.SocketAddress().address;

  if (net.backend === 'native') {
    const lean = require(leanEntry as string) as Lean;
    // The connection goes to a Node socket, and back.
    const moved = net.connect(portOf(server), 'localhost');
    await once(moved, 'connect');
    const back = net.Socket.fromNode(moved.toNode() as never);
    const attached = net.Socket.attach(back.detach());
    const peeked = attached.peek(1);
    attached.end('x');
    await peeked;
    await once(attached.resume(), 'close');
    // A relay between two handler tables.
    const target = await lean.listen(
      { port: 0, host },
      { data: (connection, bytes) => void connection.write(bytes) },
    ).ready;
    const front = await lean.listen(
      { port: 0, host },
      {
        open(connection) {
          connection.pause();
          const onward = net.connect(portOf(target), host, () => {
            void lean.relay(connection as never, onward as never);
          });
        },
      },
    ).ready;
    const user = net.connect(portOf(front), host);
    user.write('through');
    await once(user, 'data');
    user.end();
    await once(user, 'close');
    await Promise.all([front.close(), target.close()]);
    // A front of a server of Node.
    const { createFront } = require(frontEntry as string) as Fronts;
    const { createServer, connect } = require('node:net') as typeof import('node:net');
    const listener = createFront(createServer((socket) => socket.end('z')));
    await once(listener.listen(0, host), 'listening');
    await once(connect(portOf(listener), host).resume(), 'close');
    await listener.close({ gracePeriod: 0 });
    // A handler table that connects, and becomes a socket.
    const dialled = await lean.connect({ port: portOf(server), host }, {});
    const socket = dialled.toSocket();
    socket.end('y');
    await once(socket.resume(), 'close');
  }
  await new Promise<void>((resolve) => void server.close(() => resolve()));

  if (global !== undefined) Object.defineProperty(globalThis, missing as string, global);
  const after = snapshot();
  const names = new Set([...before.keys(), ...after.keys()]);
  console.log(JSON.stringify([...names].filter((name) => before.get(name) !== after.get(name))));
}

const { entry } = uvnet!;
const entries = [
  entry,
  ...['lean.js', 'front.js'].map((name) => path.join(path.dirname(entry), name)),
];
const backends: [string, Record<string, string>][] = [
  ['its native code', {}],
  ['node:net', { UVNET_BINDING: '/nonexistent' }],
];

test.each(backends)('uvnet on %s changes no global and no class of Node', async (_, env) => {
  const outcome = await runChild({ ...reference, isUvnet: true }, session, { args: entries, env });
  expect(outcome).toMatchObject({ code: 0, stdout: '[]\n' });
});

test.each(backends)('uvnet on %s works in a program that has no global Buffer', async (_, env) => {
  const args = [...entries, 'Buffer'];
  const outcome = await runChild({ ...reference, isUvnet: true }, session, { args, env });
  expect(outcome).toMatchObject({ code: 0, stdout: '[]\n' });
});
