// Writes of more than 2 GiB, which are too much for one call of the system, and for one buffer on Windows.
import type { Socket } from 'node:net';

import { nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';

/** Linux takes no more in one call. */
const ONE_CALL = 0x7ffff000;

/** Most of it is never touched, which costs neither memory nor time. */
const hugeBuffer = (): Buffer => Buffer.allocUnsafeSlow(2 ** 31 + 5);

/** Returns the bytes at these offsets, and the number of all. */
async function read(
  socket: Socket,
  offsets: readonly number[],
): Promise<{ found: number[]; size: number }> {
  const found: number[] = [];
  let size = 0;
  socket.on('data', (chunk: Buffer) => {
    for (const offset of offsets) {
      if (offset >= size && offset < size + chunk.length) found.push(chunk[offset - size]!);
    }
    size += chunk.length;
  });
  await nextEvent(socket, 'end');
  return { found, size };
}

describeNet('a write of more than 2 GiB', ({ scope }) => {
  test('arrives whole, between the writes around it', async () => {
    const { client, peer } = await scope.pair();
    const data = hugeBuffer();
    const offsets = [0, ONE_CALL - 1, ONE_CALL, data.length - 1];
    for (const [index, offset] of offsets.entries()) data[offset] = index + 10;
    client.write('1');
    client.write(data);
    client.end('2');
    const { found, size } = await read(peer, [0, ...offsets.map((at) => at + 1), data.length + 1]);
    expect(found).toEqual([0x31, 10, 11, 12, 13, 0x32]);
    expect([size, client.bytesWritten]).toEqual([data.length + 2, data.length + 2]);
  });

  test.each(['resetAndDestroy', 'destroy'] as const)(
    'calls back once, before its socket closes after %s() of the peer or itself',
    async (end) => {
      const { client, peer } = await scope.pair({ server: { pauseOnConnect: true } });
      const events: string[] = [];
      client.on('error', () => events.push('error'));
      client.write(hugeBuffer(), () => events.push('written'));
      client.cork();
      client.write('text', () => events.push('text'));
      client.write(hugeBuffer(), () => events.push('corked'));
      client.uncork();
      client.on('close', () => events.push('close'));
      const closed = nextEvent(client, 'close');
      if (end === 'destroy') client.destroy();
      else peer.resetAndDestroy();
      await closed;
      const failed = end === 'destroy' ? [] : ['error'];
      expect(events.sort()).toEqual(['close', 'corked', ...failed, 'text', 'written']);
    },
  );
});
