// Writes to many sockets in one turn, as a broker does.
import type { Socket } from 'node:net';

import { deferred, nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { transports } from '../helpers/scope';
import { readBytes } from '../helpers/streams';

const COUNT = 100;

describeNet('one turn that writes to a hundred sockets', ({ scope }) => {
  describe.each(transports)('over %s', (transport) => {
    async function connections(): Promise<{ peers: Socket[]; clients: Socket[] }> {
      const server = scope.server({ allowHalfOpen: true });
      await scope.listen(server, scope.listenOptions(transport));
      const peers: Socket[] = [];
      const clients: Socket[] = [];
      for (let i = 0; i < COUNT; i++) {
        const { peer, client } = await scope.join(server);
        peers.push(peer);
        clients.push(client);
      }
      return { peers, clients };
    }

    test('each client gets its own bytes, in order', async () => {
      const { peers, clients } = await connections();
      const text = (i: number) => `to ${i}: ${'x'.repeat(i)} and more, and the last`;
      const received = clients.map((client, i) => readBytes(client, text(i).length));
      peers.forEach((peer, i) => peer.write(`to ${i}: `));
      peers.forEach((peer, i) => peer.write(Buffer.from('x'.repeat(i))));
      // A callback says that the kernel has this and all before it.
      const done = peers.map((peer) => {
        const { promise, resolve } = deferred();
        peer.write(' and more', () => resolve());
        return promise;
      });
      peers.forEach((peer) => peer.write(', and the last'));
      expect(peers.map((peer) => peer.bytesWritten)).toEqual(peers.map((_, i) => text(i).length));
      await Promise.all(done);
      expect((await Promise.all(received)).map(String)).toEqual(peers.map((_, i) => text(i)));
    });

    test('end() in the same turn comes after them', async () => {
      const { peers, clients } = await connections();
      const received = clients.map((client) => readBytes(client, 3));
      const ended = clients.map((client) => nextEvent(client, 'end'));
      for (const peer of peers) peer.write('one');
      for (const peer of peers) peer.end();
      expect((await Promise.all(received)).map(String)).toEqual(peers.map(() => 'one'));
      await Promise.all(ended);
    });

    test('the other clients get their bytes if some sockets were destroyed and some clients are gone', async () => {
      const { peers, clients } = await connections();
      const errors: unknown[] = [];
      peers.forEach((peer, i) => peer.on('error', () => errors.push(i)));
      const kind = (i: number) => ['kept', 'destroyed', 'gone'][i % 3];
      const gone = peers.filter((_, i) => kind(i) === 'gone').map((peer) => nextEvent(peer, 'end'));
      const received = clients
        .filter((_, i) => kind(i) !== 'gone')
        .map((each) => readBytes(each, 3));
      clients.forEach((client, i) => {
        if (kind(i) === 'gone') client.destroy();
      });
      peers.forEach((peer) => peer.resume());
      await Promise.all(gone);
      const closed = peers
        .filter((_, i) => kind(i) !== 'kept')
        .map((peer) => nextEvent(peer, 'close'));
      for (const peer of peers) peer.write('one');
      // What was written before it has left by then.
      peers.forEach((peer, i) => {
        if (kind(i) === 'destroyed') peer.destroy();
        // Over TCP the first write only makes the client answer with a reset.
        else if (kind(i) === 'gone' && transport !== 'unix') peer.resetAndDestroy();
      });
      expect((await Promise.all(received)).map(String)).toEqual(received.map(() => 'one'));
      await Promise.all(closed);
      const failed = peers.map((_, i) => i).filter((i) => kind(i) === 'gone');
      expect(errors).toEqual(transport === 'unix' ? failed : []);
    });
  });
});
