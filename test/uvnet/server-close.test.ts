import type { Socket } from 'node:net';

import * as net from 'uvnet';

import { nextEvent } from '../helpers/events';
import type { Net } from '../helpers/implementations';
import { Scope } from '../helpers/scope';
import { serversOf } from '../helpers/servers';

/** Ways to end a server's connections that node:net does not have. */

const scope = new Scope(net as unknown as Net);
afterEach(() => scope.dispose());

const { createServer, listening, knock } = serversOf(scope);

describe('closing connections', () => {
  const ended = (socket: Socket): Promise<unknown> => {
    socket.resume();
    return nextEvent(socket, 'close');
  };

  test('closeIdleConnections() ends connections that have not moved for long enough', async () => {
    const server = await listening();
    const { client, peer } = await scope.join(server as never);
    server.closeIdleConnections(60_000);
    expect(peer.writableEnded).toBe(false);
    const closed = ended(client);
    expect(server.closeIdleConnections(0)).toBeUndefined();
    await closed;
    expect(server.listening).toBe(true);
    expect(await knock(server)).toBe(true);
  });

  test('closeIdleConnections() treats a second without a byte as idle', async () => {
    const start = performance.now();
    const server = await listening();
    const { client } = await scope.join(server as never);
    client.resume();
    while (server.stats().open > 0) {
      server.closeIdleConnections();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(performance.now() - start).toBeGreaterThan(990);
  });

  test('closeIdleConnections() sends waiting data first', async () => {
    const server = await listening();
    const { client, peer } = await scope.join(server as never);
    const size = 1 << 22;
    peer.write(Buffer.alloc(size));
    let received = 0;
    client.on('data', (chunk) => (received += chunk.length));
    const closed = nextEvent(client, 'close');
    server.closeIdleConnections(0);
    await closed;
    expect(received).toBe(size);
  });

  test.each([-1, 0.5, '1'])('closeIdleConnections(%p) is refused', (timeout) => {
    expect(() => createServer().closeIdleConnections(timeout as number)).toThrow(/"idleTimeout"/);
  });

  test('closeAllConnections() destroys all connections, and the server goes on listening', async () => {
    const server = await listening();
    const pairs = [await scope.join(server as never), await scope.join(server as never)];
    const clients = pairs.map(({ client }) => ended(client.on('error', () => {})));
    expect(server.closeAllConnections()).toBeUndefined();
    expect(pairs.map(({ peer }) => peer.destroyed)).toEqual([true, true]);
    await Promise.all(clients);
    expect(server.listening).toBe(true);
    expect(server.stats().open).toBe(0);
    expect(await knock(server)).toBe(true);
  });

  test('closeAllConnections() after close() leads to the event close', async () => {
    const server = await listening();
    const { client } = await scope.join(server as never);
    const called = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await Promise.all([ended(client), called]);
    expect(server.stats().open).toBe(0);
  });

  test('a connection may close all others and itself', async () => {
    const server = await listening();
    const { client: first } = await scope.join(server as never);
    const { client: second, peer } = await scope.join(server as never);
    const closed = [first, second].map((client) => ended(client.on('error', () => {})));
    peer.on('data', () => server.closeAllConnections());
    second.write('x');
    await Promise.all(closed);
    expect(server.listening).toBe(true);
  });

  test('a server that does not listen has nothing to close', () => {
    const server = createServer();
    server.closeAllConnections();
    server.closeIdleConnections(0);
    expect(server.stats().open).toBe(0);
  });

  test('a grace period ends idle connections, and at its end all others', async () => {
    const server = await listening();
    const idle = await scope.join(server as never);
    const busy = await scope.join(server as never);
    const ends: string[] = [];
    busy.client.on('error', () => {});
    // An echo without end.
    busy.peer.on('error', () => {});
    busy.peer.pipe(busy.peer);
    busy.client.on('data', () => {
      setImmediate(() => busy.client.write('x'));
    });
    busy.client.write('x');
    void ended(idle.client).then(() => ends.push('idle'));
    const destroyed = nextEvent(busy.client, 'close').then(() => ends.push('busy'));
    const start = performance.now();
    const closed = nextEvent(server, 'close');
    // A machine that stalls for half a second would make the busy one idle.
    server.close({ gracePeriod: 1500, idleTimeout: 500 });
    expect(server.listening).toBe(false);
    await Promise.all([closed, destroyed]);
    expect(ends).toEqual(['idle', 'busy']);
    expect(performance.now() - start).toBeGreaterThan(1490);
  });

  test('a grace period ends a connection as soon as it becomes idle', async () => {
    const server = await listening();
    const { client, peer } = await scope.join(server as never);
    const closed = ended(client);
    // Active now, so that the first look of close() finds nothing.
    client.write('x');
    await nextEvent(peer, 'data');
    server.close({ gracePeriod: 60_000, idleTimeout: 20 });
    expect(peer.writableEnded).toBe(false);
    // A timer that is due later runs later, however busy the machine is.
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(peer.writableEnded).toBe(true);
    await closed;
  });

  test('a grace period is over when the last connection ends', async () => {
    const server = await listening();
    const { client, peer } = await scope.join(server as never);
    const called = new Promise((resolve) =>
      server.close({ gracePeriod: 60_000 }, resolve as never),
    );
    peer.resume();
    client.end();
    await Promise.all([ended(client), called]);
    expect(server.stats().open).toBe(0);
  });

  test.each([[{ idleTimeout: 1 }], [{ gracePeriod: -1 }], [{ gracePeriod: 1, idleTimeout: '1' }]])(
    'close(%p) is refused',
    (options) => {
      expect(() => createServer().close(options as never)).toThrow(
        /"options\.(gracePeriod|idleTimeout)"/,
      );
    },
  );
});
