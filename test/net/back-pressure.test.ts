import type { NetConnectOpts } from 'node:net';

import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import type { PairOptions } from '../helpers/scope';
import { transports } from '../helpers/scope';
import { fill, readAll } from '../helpers/streams';

describeNet('back-pressure', ({ net, scope }) => {
  test.each(transports)(
    'write() returns false over %s, and drain comes once the peer has read',
    async (transport) => {
      const { client, peer } = await scope.pair({ transport });
      const log: string[] = [];
      traceEvents(log, client);
      const total = fill(client);
      expect(client.writableNeedDrain).toBe(true);
      expect(client.writableLength).toBeGreaterThan(client.writableHighWaterMark);
      expect(client.bytesWritten).toBe(total);
      await nextTurn();
      await nextTurn();
      expect(log).toEqual([]);
      const drained = nextEvent(client, 'drain');
      const received = readAll(peer);
      await drained;
      expect(client.writableLength).toBe(0);
      expect(client.writableNeedDrain).toBe(false);
      client.end();
      expect((await received).length).toBe(total);
      expect(log.filter((line) => line === 'drain')).toHaveLength(1);
    },
  );

  test('write() returns true while less than the high-water mark waits', async () => {
    const { client, peer } = await scope.pair();
    const mark = client.writableHighWaterMark;
    client.cork();
    expect(client.write(Buffer.alloc(mark - 1))).toBe(true);
    expect(client.write('x')).toBe(false);
    expect(client.write('x')).toBe(false);
    const drained = nextEvent(client, 'drain');
    peer.resume();
    client.uncork();
    await drained;
    expect(client.write(Buffer.alloc(16))).toBe(true);
  });

  test('data that the kernel takes at once does not wait', async () => {
    const { client, peer } = await scope.pair();
    peer.resume();
    expect(client.write(Buffer.alloc(2 * client.writableHighWaterMark))).toBe(true);
    expect(client.writableLength).toBe(0);
  });

  test.each([
    ['the server for its sockets', { server: { highWaterMark: 1024 } }],
    ['the client', { client: { highWaterMark: 1024 } as Partial<NetConnectOpts> }],
  ] as [string, PairOptions][])(
    'highWaterMark of %s is the limit of both buffers',
    async (who, options) => {
      const { client, peer } = await scope.pair(options);
      const [marked, other] = who === 'the client' ? [client, peer] : [peer, client];
      expect(marked.readableHighWaterMark).toBe(1024);
      expect(marked.writableHighWaterMark).toBe(1024);
      const usual = new net.Socket();
      expect(other.writableHighWaterMark).toBe(usual.writableHighWaterMark);
      marked.cork();
      expect(marked.write(Buffer.alloc(1023))).toBe(true);
      expect(marked.write('x')).toBe(false);
    },
  );

  test('a reader that does not read stops the writer, and everything arrives when it reads', async () => {
    const { client, peer } = await scope.pair();
    peer.pause();
    const total = fill(client, 16 * 1024 * 1024);
    client.end();
    await nextTurn();
    expect(peer.readableLength).toBeLessThanOrEqual(1024 * 1024);
    expect(client.writableLength).toBeGreaterThan(0);
    expect((await readAll(peer)).length).toBe(total);
  });

  test('bufferSize and writableLength count the waiting bytes', async () => {
    const { client, peer } = await scope.pair();
    expect(client.bufferSize).toBe(0);
    fill(client);
    expect(client.bufferSize).toBe(client.writableLength);
    expect(client.bufferSize).toBeGreaterThan(0);
    const drained = nextEvent(client, 'drain');
    peer.resume();
    await drained;
    expect(client.bufferSize).toBe(0);
  });

  test('bufferSize without a handle is undefined', () => {
    expect(new net.Socket().bufferSize).toBeUndefined();
  });

  test('pipe carries back-pressure through a relay', async () => {
    const target = await scope.pair();
    const source = await scope.pair();
    source.peer.pipe(target.client);
    const total = fill(source.client, 24 * 1024 * 1024);
    source.client.end();
    await nextTurn();
    const received = await readAll(target.peer);
    expect(received.length).toBe(total);
  });

  test('the callback of a write waits until its bytes are gone', async () => {
    const { client, peer } = await scope.pair();
    let called = false;
    fill(client);
    const last = new Promise<void>((resolve) => {
      client.write('last', () => {
        called = true;
        resolve();
      });
    });
    await nextTurn();
    await nextTurn();
    expect(called).toBe(false);
    peer.resume();
    await last;
    expect(client.writableLength).toBe(0);
  });

  test('a listener of drain may write until drain is needed again', async () => {
    const { client, peer } = await scope.pair();
    const size = 16 * 1024 * 1024;
    let rounds = 0;
    client.on('drain', () => {
      if (++rounds < 3) fill(client, size);
      else client.end();
    });
    fill(client, size);
    const received = await readAll(peer);
    expect(received.length).toBe(3 * size);
    expect(rounds).toBe(3);
  });
});
