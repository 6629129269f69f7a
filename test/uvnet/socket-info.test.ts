// The kernel's statistics of a connection, and the credentials of the peer.
import type { Socket as NodeSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Socket } from '../../lib/index';
import { runChild } from '../helpers/child';
import { nextEvent } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { Scope } from '../helpers/scope';
import { serversOf } from '../helpers/servers';

const isRoot = process.getuid?.() === 0;
const onLinux = process.platform === 'linux' && uvnet !== undefined;

(onLinux ? describe : describe.skip)('sockets', () => {
  const { net } = uvnet!;
  const scope = new Scope(net);
  afterEach(() => scope.dispose());

  const { pair } = serversOf(scope);

  describe('info()', () => {
    test('counts the bytes sent and received', async () => {
      const { client, peer } = await pair({ userTimeout: 5_000 });
      const size = 200_000;
      let received = 0;
      const all = new Promise<void>((resolve) => {
        peer.on('data', (chunk: Buffer) => {
          received += chunk.length;
          if (received === size) resolve();
        });
      });
      client.write(Buffer.alloc(size));
      await all;
      const sender = client.info()!;
      expect(sender.state).toBe('established');
      // A busy machine may take so long that some of it is sent again.
      expect(sender.bytesSent! - sender.bytesRetransmitted!).toBe(size);
      expect(sender.congestionWindow).toBeGreaterThan(0);
      expect(sender.rttMs).toBeGreaterThan(0);
      expect(sender.rttMs).toBe(sender.raw['tcpi_rtt'] / 1000);
      const receiver = peer.info()!;
      expect(receiver.bytesReceived).toBe(size);
      expect(receiver.receiveQueueBytes).toBe(0);
      for (const [name, value] of Object.entries(sender)) {
        if (typeof value === 'number') expect([name, value >= 0]).toEqual([name, true]);
      }
    });

    test('reports how much waits on either side', async () => {
      const { client, peer } = await pair({});
      peer.pause();
      // The socket reads once before anybody listens; what comes after that stays in the kernel.
      const high = peer.readableHighWaterMark;
      client.write(Buffer.alloc(high + 100_000));
      await until(() => peer.readableLength >= high && peer.info()!.receiveQueueBytes! > 0);
      const waiting = peer.info()!.receiveQueueBytes! + peer.readableLength;
      expect(waiting).toBeLessThanOrEqual(high + 100_000);
      expect(client.info()!.sendQueueBytes).toBeGreaterThanOrEqual(0);
    });

    test('follows the states of a connection', async () => {
      const { client, peer } = await pair({}, { allowHalfOpen: true });
      client.end();
      peer.resume();
      await nextEvent(peer, 'end');
      expect(peer.info()!.state).toBe('close-wait');
      await until(() => client.info()?.state === 'fin-wait-2');
      peer.end();
      client.resume();
      await nextEvent(client, 'close');
      expect(client.info()).toBeUndefined();
    });

    test('has the queue sizes of a Unix socket', async () => {
      const { client } = await pair({}, {}, 'unix');
      const info = client.info()!;
      expect(info).toEqual({ state: 'unknown', sendQueueBytes: 0, receiveQueueBytes: 0, raw: {} });
    });
  });

  describe('peerCredentials()', () => {
    test('identifies both ends of a Unix socket', async () => {
      const { client, peer } = await pair({}, {}, 'unix');
      const own = { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() };
      expect(client.peerCredentials()).toEqual(own);
      expect(peer.peerCredentials()).toEqual(own);
    });

    const asOther = isRoot ? test : test.skip;
    asOther('of another process and user', async () => {
      const server = scope.server();
      const path = scope.path();
      await scope.listen(server, { path, readableAll: true, writableAll: true });
      (await import('node:fs')).chmodSync((await import('node:path')).dirname(path), 0o755);
      const accepted = nextEvent(server, 'connection') as Promise<[Socket & NodeSocket]>;
      const outcome = runChild(
        uvnet!,
        ({ net, args }) => {
          const client = net.connect({ path: (args as unknown as [string])[0] });
          client.on('data', () => client.end());
          console.log(process.pid);
        },
        {
          args: [path],
          under: ['setpriv', '--reuid=65534', '--regid=65533', '--clear-groups'],
        },
      );
      const [peer] = await accepted;
      const credentials = peer.peerCredentials();
      peer.end('seen');
      const { stdout, stderr } = await outcome;
      expect(stderr).toBe('');
      expect(credentials).toEqual({ pid: Number(stdout), uid: 65534, gid: 65533 });
    });

    test('is undefined for TCP', async () => {
      const { client } = await pair({});
      expect(client.peerCredentials()).toBeUndefined();
    });
  });
});

/** The kernel does not report when it is done, so this polls. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}
