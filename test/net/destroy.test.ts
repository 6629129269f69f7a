import type { Socket } from 'node:net';

import { errorShape } from '../helpers/errors';
import { deferred, nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet, nodeAtLeast } from '../helpers/implementations';
import { endpointOf, transports } from '../helpers/scope';
import { fill, readAll } from '../helpers/streams';

describeNet('destroy', ({ net, scope, isUvnet }) => {
  describe.each(transports)('over %s', (transport) => {
    test('closes both sides, and the other side sees an end', async () => {
      const { client, peer } = await scope.pair({ transport });
      const log: string[] = [];
      traceEvents(log, client, 'client');
      traceEvents(log, peer, 'peer');
      peer.resume();
      const closed = Promise.all([nextEvent(client, 'close'), nextEvent(peer, 'close')]);
      expect(client.destroy()).toBe(client);
      expect(client.destroyed).toBe(true);
      expect(client.readable).toBe(false);
      expect(client.writable).toBe(false);
      await closed;
      expect(log).toEqual(['client close false', 'peer end', 'peer finish', 'peer close false']);
    });
  });

  test('emits error and then close in later ticks if it has an error', async () => {
    const { client } = await scope.pair();
    const log: string[] = [];
    traceEvents(log, client);
    client.on('error', () => {});
    client.destroy(Object.assign(new Error('mine'), { code: 'EMINE' }));
    log.push('returned');
    expect(client.errored).not.toBeNull();
    await nextEvent(client, 'close');
    expect(log).toEqual(['returned', 'error EMINE', 'close true']);
  });

  test('emits one close if called twice, and the first error counts', async () => {
    const { client } = await scope.pair();
    const log: string[] = [];
    traceEvents(log, client);
    client.on('error', () => {});
    client.destroy(new Error('first'));
    client.destroy(new Error('second'));
    client.destroy();
    await nextEvent(client, 'close');
    await nextTurn();
    expect(log).toEqual(['error first', 'close true']);
  });

  test('pending writes get an error', async () => {
    const { client } = await scope.pair();
    fill(client);
    const failed = new Promise<unknown>((resolve) => {
      client.write('never sent', (error) => resolve(error));
    });
    const closed = nextEvent(client, 'close');
    client.destroy();
    expect(errorShape(await failed).code).toBe(
      isUvnet || nodeAtLeast(22) ? 'ECANCELED' : 'ERR_STREAM_DESTROYED',
    );
    expect(await closed).toEqual([false]);
  });

  test('write() and end() fail afterwards without a crash', async () => {
    const { client } = await scope.pair();
    client.destroy();
    const codes = await Promise.all([
      new Promise((resolve) => {
        client.write('x', (error) => resolve(errorShape(error).code));
      }),
      new Promise((resolve) => {
        client.end('x', (error?: Error) => resolve(errorShape(error).code));
      }),
    ]);
    expect(codes).toEqual(['ERR_STREAM_DESTROYED', 'ERR_STREAM_DESTROYED']);
  });

  test('every method is harmless afterwards', async () => {
    const { client } = await scope.pair();
    client.destroy();
    await nextEvent(client, 'close');
    expect(client.setNoDelay(true)).toBe(client);
    expect(client.setKeepAlive(true, 1000)).toBe(client);
    expect(client.setTimeout(0)).toBe(client);
    expect(client.ref()).toBe(client);
    expect(client.unref()).toBe(client);
    expect(client.pause()).toBe(client);
    expect(client.resume()).toBe(client);
    expect(client.address()).toEqual({});
    expect(client.resetAndDestroy()).toBe(client);
    expect(client.destroy()).toBe(client);
    expect(client.read()).toBeNull();
    expect(client.readyState).toBe('closed');
    expect(client.pending).toBe(true);
  });

  test('stops reading if called in the data listener', async () => {
    const { client, peer } = await scope.pair();
    const seen: number[] = [];
    peer.on('data', (chunk: Buffer) => {
      seen.push(chunk.length);
      peer.destroy();
    });
    const closed = nextEvent(peer, 'close');
    client.on('error', () => {});
    client.write(Buffer.alloc(1_000_000));
    await closed;
    await nextTurn();
    expect(seen).toHaveLength(1);
  });

  test('closes the connection if called in the connection listener', async () => {
    const server = scope.server((peer) => peer.destroy());
    await scope.listen(server);
    const { client } = await scope.join(server);
    const log: string[] = [];
    traceEvents(log, client);
    client.resume();
    await nextEvent(client, 'close');
    expect(log).toEqual(['end', 'finish', 'close false']);
    const connections = deferred<number>();
    server.getConnections((_, count) => connections.resolve(count));
    expect(await connections.promise).toBe(0);
  });

  test.each(['connect', 'ready', 'end', 'finish'] as const)(
    'emits one close and nothing more if called in the %s listener',
    async (event) => {
      const server = scope.server((peer: Socket) => {
        peer.on('error', () => {});
        peer.resume().end('x');
      });
      await scope.listen(server);
      const log: string[] = [];
      const client = scope.connect(endpointOf(server));
      client.resume();
      client.on(event, () => {
        log.length = 0;
        client.destroy();
      });
      traceEvents(log, client, '', new Set(['close', 'data', 'end', 'error']));
      if (event === 'finish') client.end();
      await nextEvent(client, 'close');
      await nextTurn();
      expect(log).toEqual(['close false']);
    },
  );

  test('closes the connection if called in the callback of a write', async () => {
    const { client, peer } = await scope.pair();
    const received = readAll(peer);
    client.write('first', () => client.destroy());
    const second = new Promise((resolve) => {
      client.write('second', (error) => resolve(error ?? null));
    });
    await nextEvent(client, 'close');
    expect((await received).toString().startsWith('first')).toBe(true);
    // Sent already, or given up: called back in either case, once.
    await second;
  });

  test("keeps the server's number of connections correct", async () => {
    const { server, peer } = await scope.pair();
    const count = (): Promise<number> =>
      new Promise((resolve) => {
        server.getConnections((_, connections) => resolve(connections));
      });
    expect(await count()).toBe(1);
    peer.destroy();
    await nextEvent(peer, 'close');
    expect(await count()).toBe(0);
  });

  test('closes a socket that never connected', async () => {
    const socket = new net.Socket();
    const log: string[] = [];
    traceEvents(log, socket);
    socket.destroy();
    await nextEvent(socket, 'close');
    // Without hadError: there was nothing that could have had one.
    expect(log).toEqual(['close']);
  });

  test('sets errored and closed', async () => {
    const { client } = await scope.pair();
    const error = new Error('why');
    client.on('error', () => {});
    client.destroy(error);
    await nextEvent(client, 'close');
    expect(client.errored).toBe(error);
    expect(client.closed).toBe(true);
  });
});
