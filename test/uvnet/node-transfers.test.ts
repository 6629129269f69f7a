import { spawn } from 'node:child_process';
import nodeNet from 'node:net';

import { addonEnvironment } from '../helpers/child';
import { thrownBy } from '../helpers/errors';
import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { reference } from '../helpers/implementations';
import { Scope, transports } from '../helpers/scope';
import { fill, readAll, readBytes } from '../helpers/streams';
import { describeUvnet } from '../helpers/uvnet';

type UvnetSocket = import('../../lib/index').Socket;

const euro = Buffer.from('€');

/** One word from the client, and one back, after which the connection ends. */
async function talk(client: nodeNet.Socket, moved: nodeNet.Socket): Promise<void> {
  client.write('ping');
  expect((await readBytes(moved, 4)).toString()).toBe('ping');
  const answer = readAll(client);
  moved.end('pong');
  expect((await answer).toString()).toBe('pong');
}

/** Waits until the socket holds bytes that nobody has consumed. */
async function untilRead(socket: nodeNet.Socket, bytes: number): Promise<void> {
  while (socket.bytesRead < bytes) {
    socket.read(0);
    await nextTurn();
  }
}

describeUvnet('connections that move between uvnet and node:net', ({ net, entry, scope }) => {
  const nodeScope = new Scope(reference.net);
  afterEach(() => nodeScope.dispose());

  describe.each(transports)('over %s', (transport) => {
    test('toNode() gives a socket of node:net that has the connection', async () => {
      const { client, peer } = await scope.pair({ transport });
      const log: string[] = [];
      traceEvents(log, peer, 'old');
      const closed = nextEvent(peer, 'close');
      const moved = scope.track((peer as unknown as UvnetSocket).toNode());
      expect(moved).toBeInstanceOf(nodeNet.Socket);
      await closed;
      expect(log).toEqual(['old close false']);
      expect(peer.destroyed).toBe(true);
      await talk(client, moved);
    });

    test('fromNode() takes the connection back', async () => {
      const { client, peer } = await scope.pair({ transport });
      const there = (peer as unknown as UvnetSocket).toNode();
      const log: string[] = [];
      traceEvents(log, there, 'old');
      const closed = nextEvent(there, 'close');
      const back = scope.track(net.Socket.fromNode(there));
      expect(back).toBeInstanceOf(net.Socket);
      expect(back).not.toBeInstanceOf(nodeNet.Socket);
      await closed;
      expect(log).toEqual(['old close false']);
      await talk(client, back);
    });

    test('bytes that were read and not consumed are transferred, with half a character', async () => {
      const { client, peer } = await scope.pair({ transport });
      peer.setEncoding('utf8');
      client.write(Buffer.concat([Buffer.from('price: 5 '), euro.subarray(0, 1)]));
      await untilRead(peer, 10);
      const moved = scope.track((peer as unknown as UvnetSocket).toNode());
      expect(moved.readableEncoding).toBe('utf8');
      const back = scope.track(net.Socket.fromNode(moved));
      expect(back.readableEncoding).toBe('utf8');
      let text = '';
      back.on('data', (chunk: string) => (text += chunk));
      const ended = nextEvent(back, 'end');
      client.end(euro.subarray(1));
      await ended;
      expect(text).toBe('price: 5 €');
    });

    test('bytes that wait to be sent leave before those of the new socket', async () => {
      const { client, peer } = await scope.pair({ transport });
      const total = fill(peer);
      let called = 0;
      peer.write('first', () => called++);
      const moved = scope.track((peer as unknown as UvnetSocket).toNode());
      moved.write('second', () => called++);
      moved.end('third');
      const all = await readAll(client);
      expect(all.length).toBe(total + 'firstsecondthird'.length);
      expect(all.subarray(total).toString()).toBe('firstsecondthird');
      expect(called).toBe(2);
    });

    test('bytes that wait in a socket of node:net leave before those of the new one', async () => {
      const { client, peer } = await nodeScope.pair({ transport });
      const total = fill(peer);
      let called = 0;
      peer.write('first', () => called++);
      const moved = scope.track(net.Socket.fromNode(peer));
      moved.write('second', () => called++);
      moved.end('third');
      const all = await readAll(client);
      expect(all.length).toBe(total + 'firstsecondthird'.length);
      expect(all.subarray(total).toString()).toBe('firstsecondthird');
      expect(called).toBe(2);
    });
  });

  test('a transfer in the middle of a large read loses no data', async () => {
    const { client, peer } = await scope.pair();
    const total = 8 * 1024 * 1024;
    client.end(Buffer.alloc(total));
    let received = 0;
    let chunks = 0;
    const moved = await new Promise<nodeNet.Socket>((resolve) => {
      peer.on('data', function take(chunk: Buffer) {
        received += chunk.length;
        if (++chunks < 20) return;
        peer.off('data', take);
        resolve((peer as unknown as UvnetSocket).toNode());
      });
    });
    scope.track(moved);
    received += (await readAll(moved)).length;
    expect(received).toBe(total);
  });

  test('a write side that was ended stays ended', async () => {
    const { client, peer } = await scope.pair({ server: { allowHalfOpen: true } });
    const answer = readAll(client);
    peer.end('done');
    await nextEvent(peer, 'finish');
    const moved = scope.track((peer as unknown as UvnetSocket).toNode());
    expect(moved.writable).toBe(false);
    expect((await answer).toString()).toBe('done');
  });

  test('pause, allowHalfOpen, timeout and unref() are transferred', async () => {
    const { peer } = await scope.pair({ server: { allowHalfOpen: true, pauseOnConnect: true } });
    peer.setTimeout(60_000);
    peer.unref();
    const moved = scope.track((peer as unknown as UvnetSocket).toNode());
    expect(moved.isPaused()).toBe(true);
    expect(moved.allowHalfOpen).toBe(true);
    expect(moved.timeout).toBe(60_000);
    const { _handle: handle } = moved as unknown as { _handle: { hasRef(): boolean } };
    expect(handle.hasRef()).toBe(false);
    const back = scope.track(net.Socket.fromNode(moved));
    expect(back.isPaused()).toBe(true);
    expect(back.allowHalfOpen).toBe(true);
    expect(back.timeout).toBe(60_000);
  });

  test('fromNode() of a subclass makes an instance of it', async () => {
    class Own extends (net.Socket as unknown as new (options: object) => UvnetSocket) {}
    const { peer } = await nodeScope.pair();
    const moved = scope.track(
      (Own as unknown as typeof net.Socket).fromNode(peer) as unknown as nodeNet.Socket,
    );
    expect(moved).toBeInstanceOf(Own);
  });

  test('a socket without a connection cannot be transferred', async () => {
    expect(thrownBy(() => new net.Socket().toNode()).code).toBe('ERR_SOCKET_CLOSED');
    const { peer } = await scope.pair();
    peer.destroy();
    expect(thrownBy(() => (peer as unknown as UvnetSocket).toNode()).code).toBe(
      'ERR_SOCKET_CLOSED',
    );

    const connecting = scope.connect({ port: 1, host: '127.0.0.1' });
    connecting.on('error', () => {});
    expect(thrownBy(() => (connecting as unknown as UvnetSocket).toNode()).code).toBe(
      'ERR_INVALID_STATE',
    );
    expect(thrownBy(() => net.Socket.fromNode({} as never)).code).toBe('ERR_INVALID_ARG_TYPE');
  });

  test('child.send() rejects the socket itself, and accepts the result of toNode()', async () => {
    const program = `process.once('message', (message, handle) => {
      const { Socket } = require(${JSON.stringify(entry)});
      Socket.fromNode(handle).end(message + ' from the child');
      process.disconnect();
    });`;
    const child = spawn(process.execPath, ['-e', program], {
      env: addonEnvironment,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const { client, peer } = await scope.pair({ server: { pauseOnConnect: true } });
    const socket = peer as unknown as UvnetSocket;
    expect(thrownBy(() => child.send('hello', socket)).code).toBe('ERR_INVALID_HANDLE_TYPE');
    expect(socket.destroyed).toBe(false);
    const answer = readAll(client);
    const exited = nextEvent(child, 'exit');
    child.send('hello', socket.toNode());
    expect((await answer).toString()).toBe('hello from the child');
    expect(await exited).toEqual([0, null]);
  });
});
