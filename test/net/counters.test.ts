import { constants } from 'node:buffer';

import { nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { endpointOf, transports } from '../helpers/scope';
import { fill, readAll } from '../helpers/streams';

describeNet('byte counters', ({ net, scope }) => {
  test.each(transports)('count both directions over %s, also after close', async (transport) => {
    const { client, peer } = await scope.pair({ transport, server: { allowHalfOpen: true } });
    expect([client.bytesRead, client.bytesWritten]).toEqual([0, 0]);
    const asked = readAll(peer);
    client.write('12345');
    client.write(Buffer.alloc(10));
    client.end('ü');
    expect(client.bytesWritten).toBe(17);
    await asked;
    expect(peer.bytesRead).toBe(17);
    const answered = readAll(client);
    peer.end(Buffer.alloc(100_000));
    expect(peer.bytesWritten).toBe(100_000);
    await answered;
    expect(client.bytesRead).toBe(100_000);
    for (const socket of [client, peer]) if (!socket.closed) await nextEvent(socket, 'close');
    expect([client.bytesRead, client.bytesWritten]).toEqual([100_000, 17]);
    expect([peer.bytesRead, peer.bytesWritten]).toEqual([17, 100_000]);
  });

  test('bytesWritten includes waiting data, in every encoding', async () => {
    const { client } = await scope.pair();
    const total = fill(client);
    client.write('ü');
    client.write('ü', 'latin1');
    client.write('abcd', 'hex');
    client.write('€', 'utf16le');
    expect(client.bytesWritten).toBe(total + 2 + 1 + 2 + 2);
  });

  // Most of it is never touched: neither memory nor time.
  const huge = constants.MAX_LENGTH > 2 ** 32 ? test : test.skip;
  huge('one Buffer of more than 4 GiB waits whole (Node 22 on has such)', async () => {
    const { client } = await scope.pair({ server: { pauseOnConnect: true } });
    const size = 2 ** 32 + 5;
    expect(client.write(Buffer.allocUnsafeSlow(size))).toBe(false);
    const { _handle: handle } = client as unknown as { _handle: { writeQueueSize: number } };
    expect(handle.writeQueueSize).toBeGreaterThan(2 ** 32 - 2 ** 26);
    expect([client.bytesWritten, client.writableLength]).toEqual([size, size]);
  });

  test('bytesWritten counts the data written before the connect', async () => {
    const server = await scope.listen(scope.server());
    const client = scope.connect(endpointOf(server));
    client.write('12345');
    client.write('ü');
    expect(client.bytesWritten).toBe(7);
    await nextEvent(client, 'connect');
    expect(client.bytesWritten).toBe(7);
  });

  test('are undefined or zero without a connection', () => {
    const socket = new net.Socket();
    expect(socket.bytesRead).toBe(0);
    // Nothing was counted yet: not zero but nothing.
    expect(socket.bytesWritten).toBe(new (require('node:net').Socket)().bytesWritten);
  });

  test('bytesRead counts bytes and not characters, including unread bytes', async () => {
    const { client, peer } = await scope.pair();
    peer.setEncoding('utf8');
    const readable = nextEvent(peer, 'readable');
    client.write('üü');
    await readable;
    expect(peer.bytesRead).toBe(4);
  });

  test('_bytesDispatched counts the bytes that the handle got', async () => {
    const { client, peer } = await scope.pair();
    const received = readAll(peer);
    client.end('12345');
    await received;
    expect((client as unknown as { _bytesDispatched: number })._bytesDispatched).toBe(5);
  });
});
