import { existsSync } from 'node:fs';
import type nodeNet from 'node:net';
import { Worker } from 'node:worker_threads';

import { errorShape, thrownBy } from '../helpers/errors';
import { nextEvent, nextTurn } from '../helpers/events';
import { endpointOf, transports } from '../helpers/scope';
import { fill, readAll } from '../helpers/streams';
import { describeUvnet } from '../helpers/uvnet';

type Uvnet = typeof import('../../lib/index');
type UvnetSocket = import('../../lib/index').Socket;
type UvnetServer = import('../../lib/index').Server;

interface ThreadTools {
  net: Uvnet;
  /** Posts to the case. */
  post: (value: unknown) => void;
  /** The next message of the case. */
  message: () => Promise<never>;
}

describeUvnet('sockets that move between threads', ({ net, entry, scope }) => {
  const workers = new Set<Worker>();
  afterEach(async () => {
    await Promise.all([...workers].map((worker) => worker.terminate()));
    workers.clear();
  });

  /** Runs `body`, which must not close over anything, in a thread of its own. */
  const thread = (body: (tools: ThreadTools) => unknown): Worker => {
    const source = `const { parentPort } = require('node:worker_threads');
      const { once } = require('node:events');
      (${body.toString()})({
        net: require(${JSON.stringify(entry)}),
        post: (value) => parentPort.postMessage(value),
        message: async () => (await once(parentPort, 'message'))[0],
      });`;
    const worker = new Worker(source, { eval: true });
    workers.add(worker);
    return worker;
  };

  describe.each(transports)('over %s', (transport) => {
    test('a connection moves to another thread with bytes that were read and not consumed', async () => {
      const { client, peer } = await scope.pair({ transport });
      peer.setEncoding('utf8');
      const euro = Buffer.from('€');
      client.write(Buffer.concat([Buffer.from('5 '), euro.subarray(0, 2)]));
      while (peer.bytesRead < 4) {
        peer.read(0);
        await nextTurn();
      }
      const worker = thread(async ({ net: here, message }) => {
        const socket = here.Socket.attach(await message());
        let text = '';
        socket.on('data', (chunk: string) => (text += chunk));
        socket.on('end', () => socket.end(`${text}!`));
      });
      const closed = nextEvent(peer, 'close');
      worker.postMessage((peer as unknown as UvnetSocket).detach());
      expect(await closed).toEqual([false]);
      const answer = readAll(client);
      client.end(euro.subarray(2));
      expect((await answer).toString()).toBe('5 €!');
    });

    test('a server moves to another thread with the connections in its queue', async () => {
      const server = (await scope.listen(
        scope.server(),
        scope.listenOptions(transport),
      )) as unknown as UvnetServer;
      const endpoint = endpointOf(server);
      const worker = thread(async ({ net: here, message, post }) => {
        const taken = here.Server.attach(await message(), (socket) => {
          socket.end('from the thread');
          taken.close();
        });
        taken.on('listening', () => post('listening'));
      });
      const closed = nextEvent(server, 'close');
      const token = server.detach();
      await closed;
      expect(server.listening).toBe(false);
      const client = scope.connect(endpoint);
      const answer = readAll(client);
      worker.postMessage(token);
      expect((await answer).toString()).toBe('from the thread');
      await nextEvent(worker, 'exit');
      // Its name goes with the server that has it now.
      if ('path' in endpoint) expect(existsSync(endpoint.path)).toBe(false);
    });

    test('a bound socket moves to another thread', async () => {
      const options = scope.listenOptions(transport) as { host?: string; path?: string };
      const bound = new net.BoundSocket(options);
      const address = bound.address();
      const worker = thread(async ({ net: here, message, post }) => {
        const taken = here.BoundSocket.attach(await message());
        post(taken.address());
        const server = here.createServer((socket) => {
          socket.end('from the thread');
          server.close();
        });
        server.listen(taken, () => post('listening'));
      });
      const [there] = await (() => {
        const answered = nextEvent(worker, 'message');
        worker.postMessage(bound.detach());
        return answered;
      })();
      expect(there).toEqual(address);
      expect(thrownBy(() => bound.address()).code).toBe('ERR_SOCKET_HANDLE_ADOPTED');
      await nextEvent(worker, 'message');
      const endpoint = typeof address === 'string' ? { path: address } : { ...address };
      const { address: host, port, path } = endpoint as Record<string, unknown>;
      const client = scope.connect((path ? { path } : { port, host }) as nodeNet.NetConnectOpts);
      expect((await readAll(client)).toString()).toBe('from the thread');
    });
  });

  test('a token works once, in the same thread too', async () => {
    const { client, peer } = await scope.pair();
    const token = (peer as unknown as UvnetSocket).detach();
    const socket = scope.track(net.Socket.attach(structuredClone(token)));
    expect(errorShape(thrownBy(() => net.Socket.attach(token)))).toMatchObject({
      code: 'ENOENT',
      syscall: 'attach',
    });
    const answer = readAll(client);
    socket.end('here');
    expect((await answer).toString()).toBe('here');
  });

  test('an unused token closes the connection when its time is over', async () => {
    const { client, peer } = await scope.pair();
    const token = (peer as unknown as UvnetSocket).detach({ timeout: 20 });
    client.resume();
    // The timer alone keeps no process alive.
    const awake = setInterval(() => {}, 1000);
    await nextEvent(client, 'close');
    clearInterval(awake);
    expect(thrownBy(() => net.Socket.attach(token)).code).toBe('ENOENT');
  });

  test('a token closes the connection when its thread ends', async () => {
    const worker = thread(({ net: here, post }) => {
      const server = here.createServer((socket) => {
        post(socket.detach());
        server.close();
      });
      server.listen(0, '127.0.0.1', () => post(server.address()));
    });
    const [address] = await nextEvent(worker, 'message');
    const client = scope.connect({
      port: (address as nodeNet.AddressInfo).port,
      host: '127.0.0.1',
    });
    client.resume();
    const [token] = await nextEvent(worker, 'message');
    await nextEvent(client, 'close');
    expect(thrownBy(() => net.Socket.attach(token as never)).code).toBe('ENOENT');
  });

  test('detach() is refused while data waits to be sent', async () => {
    const { client, peer } = await scope.pair();
    const total = fill(peer);
    expect(thrownBy(() => (peer as unknown as UvnetSocket).detach()).code).toBe(
      'ERR_INVALID_STATE',
    );
    const all = readAll(client);
    peer.end();
    expect((await all).length).toBe(total);
  });

  test('a token of another kind, or none, is rejected', () => {
    const bound = new net.BoundSocket({ host: '127.0.0.1' });
    const token = bound.detach();
    for (const wrong of [token, undefined, {}, { uvnet: 'socket' }]) {
      expect(thrownBy(() => net.Socket.attach(wrong as never)).code).toBe('ERR_INVALID_ARG_VALUE');
    }
    net.BoundSocket.attach(token).close();
  });
});
