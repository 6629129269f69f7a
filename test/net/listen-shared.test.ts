import type { Server, Socket } from 'node:net';

import { nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { onUnix } from '../helpers/platforms';
import { endpointOf } from '../helpers/scope';

interface Handled {
  _handle: { fd: number };
}

const handleOf = (server: Server): { fd: number } => (server as unknown as Handled)._handle;

const ways: [string, (first: Server) => unknown[]][] = [
  ['server', (first) => [first]],
  ['server and a backlog', (first) => [first, 5]],
  ['handle', (first) => [handleOf(first)]],
  ['handle as an option', (first) => [{ handle: handleOf(first) }]],
  ['handle as an option with its old name', (first) => [{ _handle: handleOf(first) }]],
];

describeNet('a server that listens on what another one listens on', ({ net, scope }) => {
  const listenOn = (server: Server, args: unknown[]): Server =>
    Reflect.apply(server.listen, server, args) as Server;

  const closed = (server: Server): Promise<void> =>
    new Promise((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(error)));
    });

  describe.each(ways)('given its %s', (_, args) => {
    test('has its address and its connections', async () => {
      const first = await scope.listen(scope.server());
      const { peer: early } = await scope.join(first);
      const second = scope.server();
      listenOn(second, args(first));
      await nextEvent(second, 'listening');
      expect(second.address()).toEqual(first.address());
      expect(first.listening).toBe(true);

      first.on('connection', () => {
        throw new Error('the first server has got a connection');
      });
      const { peer } = await scope.join(second);
      expect((peer as Socket & { server: Server }).server).toBe(second);
      expect((early as Socket & { server: Server }).server).toBe(first);
    });

    test.each(['first', 'second'])('closes with the %s of the two', async (name) => {
      const first = await scope.listen(scope.server());
      const second = scope.server();
      listenOn(second, args(first));
      await nextEvent(second, 'listening');
      const [one, other] = name === 'first' ? [first, second] : [second, first];
      const endpoint = endpointOf(one);
      await closed(one);
      expect(one.listening).toBe(false);
      expect(other.listening).toBe(true);
      expect(() => other.address()).toThrow(expect.objectContaining({ code: 'EBADF' }));

      const client = scope.track(net.connect(endpoint));
      const [error] = (await nextEvent(client, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNREFUSED');
      await closed(other);
    });
  });

  onUnix.each(ways)('cannot share a Unix socket, given its %s', async (_, args) => {
    const first = await scope.listen(scope.server(), { path: scope.path() });
    const second = listenOn(scope.server(), args(first));
    const [error] = (await nextEvent(second, 'error')) as [NodeJS.ErrnoException];
    expect(error).toMatchObject({ code: 'EEXIST', syscall: 'listen' });
    expect(error.message).toBe('listen EEXIST: file already exists');
    expect(second.listening).toBe(false);

    const { peer } = await scope.join(first);
    expect((peer as Socket & { server: Server }).server).toBe(first);
    await scope.listen(second);
    expect(second.listening).toBe(true);
  });

  onUnix.each(['tcp', 'unix'] as const)('cannot use the descriptor (%s)', async (transport) => {
    const first = await scope.listen(scope.server(), scope.listenOptions(transport));
    const second = scope.server();
    second.listen({ fd: handleOf(first).fd });
    const [error] = (await nextEvent(second, 'error')) as [NodeJS.ErrnoException];
    expect(error).toMatchObject({ code: 'EEXIST', syscall: 'listen' });

    const { peer } = await scope.join(first);
    expect((peer as Socket & { server: Server }).server).toBe(first);
  });
});
