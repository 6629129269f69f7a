import type { Socket } from 'node:net';

import { deferred, nextEvent, nextTurn } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { endpointOf, transports } from '../helpers/scope';

describeNet('onread', ({ net, scope }) => {
  describe.each(transports)('over %s', (transport) => {
    test('reads into the given buffer and emits no data', async () => {
      const buffer = Buffer.alloc(64);
      const seen: string[] = [];
      const onData = jest.fn();
      const server = scope.server((peer) => peer.end('x'.repeat(100)));
      await scope.listen(server, scope.listenOptions(transport));
      const client = scope.connect({
        ...endpointOf(server),
        onread: {
          buffer,
          callback(this: Socket, size: number, into: Uint8Array) {
            expect(this).toBe(client);
            expect(into).toBe(buffer);
            seen.push(buffer.toString('latin1', 0, size));
            return true;
          },
        },
      });
      client.on('data', onData);
      await nextEvent(client, 'end');
      expect(seen.join('')).toBe('x'.repeat(100));
      expect(seen.every((each) => each.length <= 64)).toBe(true);
      expect(onData).not.toHaveBeenCalled();
      expect(client.bytesRead).toBe(100);
    });
  });

  test('a function as buffer is called for each read', async () => {
    const server = await scope.listen(scope.server((peer) => peer.end('y'.repeat(5000))));
    const buffers: Buffer[] = [];
    let total = 0;
    const client = scope.connect({
      ...endpointOf(server),
      onread: {
        buffer: () => {
          const buffer = Buffer.alloc(1024);
          buffers.push(buffer);
          return buffer;
        },
        callback: (size, into) => {
          expect(buffers).toContain(into);
          expect(Buffer.from(into.buffer, into.byteOffset, size).toString()).toBe('y'.repeat(size));
          total += size;
          return true;
        },
      },
    });
    await nextEvent(client, 'end');
    expect(total).toBe(5000);
    expect(buffers.length).toBeGreaterThanOrEqual(5);
  });

  test('stops reading until resume() when the callback returns false', async () => {
    const server = await scope.listen(scope.server((peer) => peer.end('z'.repeat(1000))));
    const sizes: number[] = [];
    const client = scope.connect({
      ...endpointOf(server),
      onread: {
        buffer: Buffer.alloc(100),
        callback: (size) => {
          sizes.push(size);
          return sizes.length > 1;
        },
      },
    });
    await nextEvent(client, 'connect');
    while (sizes.length === 0) await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(sizes).toHaveLength(1);
    const ended = nextEvent(client, 'end');
    client.resume();
    await ended;
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1000);
  });

  test('pause() and resume() control the callback', async () => {
    const { promise, resolve } = deferred<Socket>();
    const server = await scope.listen(scope.server(resolve));
    let total = 0;
    const client = scope.connect({
      ...endpointOf(server),
      onread: { buffer: Buffer.alloc(10), callback: (size) => ((total += size), true) },
    });
    await nextEvent(client, 'connect');
    const peer = await promise;
    client.pause();
    await new Promise<void>((done) => {
      peer.write('paused', () => done());
    });
    await nextTurn();
    await nextTurn();
    expect(total).toBe(0);
    client.resume();
    const ended = nextEvent(client, 'end');
    peer.end();
    await ended;
    expect(total).toBe(6);
  });

  test('an incomplete onread is ignored', async () => {
    for (const onread of [
      null,
      {},
      { buffer: 5, callback: () => true },
      { buffer: Buffer.alloc(1) },
    ]) {
      const server = await scope.listen(scope.server((peer) => peer.end('data')));
      const client = scope.track(new net.Socket({ onread } as never));
      client.connect(endpointOf(server));
      expect(String((await nextEvent(client, 'data'))[0])).toBe('data');
    }
  });

  test('the callback may destroy the socket', async () => {
    const server = await scope.listen(
      scope.server((peer) => peer.on('error', () => {}).end('x'.repeat(1000))),
    );
    let calls = 0;
    const client = scope.connect({
      ...endpointOf(server),
      onread: {
        buffer: Buffer.alloc(10),
        callback: () => {
          calls++;
          client.destroy();
          return true;
        },
      },
    });
    await nextEvent(client, 'close');
    await nextTurn();
    expect(calls).toBe(1);
  });
});
