import { Worker } from 'node:worker_threads';
import type { Socket } from 'node:net';

import * as net from 'uvnet';

import { thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { uvnet, type Net } from '../helpers/implementations';
import { portOf, Scope } from '../helpers/scope';
import { serversOf } from '../helpers/servers';

/** Servers of one process that count together. */

const scope = new Scope(net as unknown as Net);
const workers: Worker[] = [];
afterEach(async () => {
  await scope.dispose();
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

let groups = 0;
const newGroup = (): string => `group ${groups++}`;

const { listening } = serversOf(scope);

/** Connects to a server that writes a byte to each connection. Returns whether it was accepted. */
async function isLetIn(port: number): Promise<boolean> {
  const client = scope.connect({ port, host: '127.0.0.1' });
  client.on('error', () => {});
  return Promise.race([
    nextEvent(client, 'data').then(() => true),
    nextEvent(client, 'close').then(() => false),
  ]);
}

async function greeting(options: net.ServerOptions): Promise<net.Server> {
  const server = await listening(options);
  server.on('connection', (socket) => socket.write('!'));
  return server;
}

const knock = (server: net.Server): Promise<boolean> => isLetIn(portOf(server as never));

/** A server like `greeting`'s in a thread of its own. */
async function threadWith(options: net.ServerOptions): Promise<{ worker: Worker; port: number }> {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
    const net = require(workerData.entry);
    const server = net.createServer(workerData.options, (socket) => {
      socket.on('error', () => {});
      socket.write('!');
    });
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true, workerData: { entry: uvnet!.entry, options } },
  );
  workers.push(worker);
  const [port] = (await nextEvent(worker as never, 'message')) as [number];
  return { worker, port };
}

describe('a limit group', () => {
  test('counts the open connections of all its servers', async () => {
    const limitGroup = newGroup();
    const first = await greeting({ limitGroup });
    const second = await greeting({ limitGroup });
    first.maxConnections = 2;
    expect(await knock(second)).toBe(true);
    const accepted = nextEvent(first as never, 'connection');
    expect(await knock(first)).toBe(true);
    expect(await knock(first)).toBe(false);
    // It has no limit of its own.
    expect(await knock(second)).toBe(true);
    expect(first.stats()).toMatchObject({ open: 1, dropped: { maxConnections: 1 } });
    expect(second.stats()).toMatchObject({ open: 2, dropped: { maxConnections: 0 } });

    const [peer] = (await accepted) as [Socket];
    peer.destroy();
    await nextEvent(peer, 'close');
    first.maxConnections = 3;
    expect(await knock(first)).toBe(true);
    expect(await knock(first)).toBe(false);
  });

  test('counts the connections of an address to all its servers', async () => {
    const options = { limitGroup: newGroup(), maxConnectionsPerAddress: 1 };
    const first = await greeting(options);
    const second = await greeting(options);
    expect(await knock(first)).toBe(true);
    expect(await knock(second)).toBe(false);
    expect(second.stats().dropped).toMatchObject({ maxConnectionsPerAddress: 1 });
  });

  test('has one rate', async () => {
    const options = { limitGroup: newGroup(), acceptRate: { perSecond: 1e-6, burst: 2 } };
    const first = await greeting(options);
    const second = await greeting(options);
    const free = await greeting({ limitGroup: options.limitGroup });
    expect(await knock(free)).toBe(true);
    expect(await knock(first)).toBe(true);
    expect(await knock(second)).toBe(true);
    expect(await knock(first)).toBe(false);
    expect(await knock(second)).toBe(false);
    expect(await knock(free)).toBe(true);
  });

  test('does not affect other servers', async () => {
    const first = await greeting({ limitGroup: newGroup(), maxConnectionsPerAddress: 1 });
    const second = await greeting({ limitGroup: newGroup(), maxConnectionsPerAddress: 1 });
    const alone = await greeting({ maxConnectionsPerAddress: 1 });
    for (const server of [first, second, alone]) {
      expect(await knock(server)).toBe(true);
      expect(await knock(server)).toBe(false);
    }
    expect([first.limitGroup === second.limitGroup, alone.limitGroup]).toEqual([false, undefined]);
  });

  test('works across threads, and a thread that ends returns its places', async () => {
    const options = { limitGroup: newGroup(), maxConnectionsPerAddress: 2 };
    const server = await greeting(options);
    const { worker, port } = await threadWith(options);
    expect(await isLetIn(port)).toBe(true);
    expect(await knock(server)).toBe(true);
    expect(await knock(server)).toBe(false);
    expect(await isLetIn(port)).toBe(false);
    await worker.terminate();
    expect(await knock(server)).toBe(true);
    expect(await knock(server)).toBe(false);
  });

  test('moves with a server to another thread', async () => {
    const options = { limitGroup: newGroup(), maxConnectionsPerAddress: 1 };
    const first = await greeting(options);
    const moved = scope.trackServer(
      net.Server.attach((await greeting(options)).detach()) as never,
    ) as never as net.Server;
    expect(moved.limitGroup).toBe(options.limitGroup);
    expect(await knock(first)).toBe(true);
    expect(await knock(moved)).toBe(false);
  });

  test('has a text as its name, which cannot change', async () => {
    for (const limitGroup of [1, null, {}, true]) {
      const make = (): unknown => net.createServer({ limitGroup } as never);
      expect(thrownBy(make)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    }
    const make = (): unknown => net.createServer({ limitGroup: '' });
    expect(thrownBy(make)).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    const server = await listening({ limitGroup: newGroup() });
    expect(() => Object.assign(server, { limitGroup: 'another' })).toThrow(TypeError);
  });
});
