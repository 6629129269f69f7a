import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } from 'node:async_hooks';
import type { Socket } from 'node:net';

import { deferred, nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { endpointOf } from '../helpers/scope';

/** The observations of node:net and uvnet, which must be the same. */
const accepted = new Set<string>();

describeNet('async context', ({ net, scope }) => {
  const storage = new AsyncLocalStorage<string>();

  test('the handle has the async id of its callbacks', async () => {
    const { client, peer } = await scope.pair();
    const seen = new Map<Socket, number>();
    for (const side of [client, peer]) side.once('data', () => seen.set(side, executionAsyncId()));
    const arrived = [client, peer].map((side) => nextEvent(side, 'data'));
    client.write('x');
    peer.write('y');
    await Promise.all(arrived);
    for (const [side, id] of seen) {
      const { _handle: handle } = side as unknown as { _handle: { getAsyncId(): number } };
      expect(handle.getAsyncId()).toBe(id);
    }
    expect(seen.size).toBe(2);
  });

  test('events of a server run in the context of its listen, those of a client in that of its connect', async () => {
    const seen: string[] = [];
    const note = (what: string) => (): void => {
      seen.push(`${what}: ${storage.getStore() ?? 'none'}`);
    };
    const server = scope.server();
    server.on('connection', (peer: Socket) => {
      note('connection')();
      peer.on('data', note('server data'));
      peer.on('end', note('server end'));
      peer.on('close', note('server close'));
      peer.end('answer');
    });
    storage.run('listen', () => server.listen(0, '127.0.0.1', note('listening')));
    await nextEvent(server, 'listening');
    const client = scope.track(new net.Socket());
    client.on('data', note('client data'));
    client.on('end', note('client end'));
    client.on('close', note('client close'));
    const closed = nextEvent(client, 'close');
    storage.run('connect', () => {
      client.connect(endpointOf(server), note('connect'));
    });
    storage.run('write', () => {
      client.write('question', note('write callback'));
    });
    storage.run('end', () => {
      client.end(note('end callback'));
    });
    await closed;
    // What an accepted connection sees differs between Node's lines and what else is in the process.
    const fixed = [...new Set(seen)].filter((line) => !/^server|callback/.test(line)).sort();
    expect(fixed).toEqual([
      'client close: connect',
      'client data: connect',
      'client end: connect',
      'connect: connect',
      'connection: listen',
      'listening: listen',
    ]);
    accepted.add(
      [...new Set(seen)]
        .filter((line) => /^server|callback/.test(line))
        .sort()
        .join(),
    );
    expect(accepted.size).toBe(1);
  });

  test('each connection may enter a context of its own', async () => {
    const server = scope.server((peer) => {
      storage.enterWith(`connection ${String(peer.remotePort)}`);
      peer.on(
        'data',
        AsyncResource.bind(() => peer.end(String(storage.getStore()))),
      );
    });
    await scope.listen(server);
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const client = scope.connect(endpointOf(server));
        client.write('x');
        const [answer] = await nextEvent(client, 'data');
        return [String(answer), `connection ${client.localPort}`];
      }),
    );
    for (const [answer, expected] of answers) expect(answer).toBe(expected);
  });

  test('timeouts run in the context of their setTimeout', async () => {
    const { client } = await scope.pair();
    const seen = deferred<string | undefined>();
    storage.run('timeout', () => client.setTimeout(10, () => seen.resolve(storage.getStore())));
    expect(await seen.promise).toBe('timeout');
  });

  test('getConnections and close call back in their own context', async () => {
    const server = await scope.listen(scope.server());
    const counted = deferred<string | undefined>();
    storage.run('count', () => server.getConnections(() => counted.resolve(storage.getStore())));
    expect(await counted.promise).toBeDefined();
  });

  test('callbacks of an accepted connection run in the context of its server', async () => {
    // With this, node:test finds the test of a failure in a connection's event.
    const triggers = new Map<number, number>();
    const hook = createHook({
      init: (id, _type, triggerAsyncId) => triggers.set(id, triggerAsyncId),
    }).enable();
    try {
      const { server, peer } = await scope.pair();
      const idOf = (owner: object): number =>
        (owner as { _handle: { getAsyncId(): number } })._handle.getAsyncId();
      const above: number[] = [];
      for (let id = triggers.get(idOf(peer)); id !== undefined; id = triggers.get(id)) {
        above.push(id);
      }
      expect(above).toContain(idOf(server));
    } finally {
      hook.disable();
    }
  });

  test('async_hooks see resources of servers and connections, destroyed after their close', async () => {
    const alive = new Map<number, string>();
    const types: string[] = [];
    const hook = createHook({
      init: (id, type) => {
        if (!/^(TCP|PIPE)/.test(type)) return;
        alive.set(id, type);
        types.push(type);
      },
      destroy: (id) => alive.delete(id),
    }).enable();
    try {
      const { server, client, peer } = await scope.pair();
      expect(types).toEqual(expect.arrayContaining(['TCPSERVERWRAP', 'TCPWRAP']));
      let id = 0;
      peer.on('data', () => (id = executionAsyncId()));
      const came = nextEvent(peer, 'data');
      client.write('x');
      await came;
      expect(id).toBeGreaterThan(0);
      const closed = Promise.all([client, peer, server].map((each) => nextEvent(each, 'close')));
      client.destroy();
      peer.destroy();
      server.close();
      await closed;
    } finally {
      hook.disable();
    }
  });
});
