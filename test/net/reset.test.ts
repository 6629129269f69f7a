import type { Socket } from 'node:net';

import { errnoOf, errorShape, thrownBy } from '../helpers/errors';
import { nextEvent, traceEvents } from '../helpers/events';
import { describeNet, libuvSeesLateResets, nodeAtLeast } from '../helpers/implementations';
import { endpointOf, transports } from '../helpers/scope';
import { fill } from '../helpers/streams';

describeNet('resetAndDestroy', ({ net, scope, isUvnet, newer }) => {
  test('gives the peer ECONNRESET, and this side closes without an error', async () => {
    const { client, peer } = await scope.pair();
    const log: string[] = [];
    traceEvents(log, client, 'client');
    traceEvents(log, peer, 'peer');
    const failed = nextEvent(peer, 'error');
    const closed = Promise.all([nextEvent(client, 'close'), nextEvent(peer, 'close')]);
    peer.resume();
    expect(client.resetAndDestroy()).toBe(client);
    expect(client.destroyed).toBe(true);
    expect(errorShape((await failed)[0])).toMatchObject({
      name: 'Error',
      code: 'ECONNRESET',
      syscall: 'read',
      errno: errnoOf('ECONNRESET'),
      message: 'read ECONNRESET',
    });
    await closed;
    expect(log.filter((line) => line.startsWith('client'))).toEqual(['client close false']);
    expect(log.filter((line) => line.startsWith('peer'))).toEqual([
      'peer error ECONNRESET',
      'peer close true',
    ]);
  });

  test('works on the accepted side', async () => {
    const { client, peer } = await scope.pair();
    client.resume();
    const failed = nextEvent(client, 'error');
    const closed = nextEvent(client, 'close');
    peer.resetAndDestroy();
    expect(errorShape((await failed)[0]).code).toBe('ECONNRESET');
    expect(await closed).toEqual([true]);
  });

  describe.each(transports)('a reset over %s that arrives together with data', (transport) => {
    newer(libuvSeesLateResets, 'libuv that asks for it')('is reported after the data', async () => {
      const { client, peer } = await scope.pair({ transport });
      const log: string[] = [];
      traceEvents(log, peer, '', new Set(['data', 'end', 'error', 'close']));
      const closed = nextEvent(peer, 'close');
      peer.on('error', () => {}).resume();
      if (transport === 'unix') {
        // With unread bytes, closing a Unix socket is a reset.
        await new Promise((resolve) => peer.write('unread', resolve));
      }
      client.write('last');
      if (transport === 'unix') client.destroy();
      else client.resetAndDestroy();
      await closed;
      expect(log).toEqual(['data last', 'error ECONNRESET', 'close true']);
    });
  });

  test('drops waiting bytes, and their callbacks get an error', async () => {
    const { client, peer } = await scope.pair();
    peer.on('error', () => {});
    fill(client);
    const failed = new Promise((resolve) => {
      client.write('never', (error) => resolve(errorShape(error).code));
    });
    client.resetAndDestroy();
    expect(await failed).toBe(isUvnet || nodeAtLeast(22) ? 'ECANCELED' : 'ERR_STREAM_DESTROYED');
    await nextEvent(client, 'close');
  });

  test('takes effect after the connect if called while connecting', async () => {
    const server = await scope.listen(scope.server());
    const client = scope.connect(endpointOf(server));
    const log: string[] = [];
    traceEvents(log, client);
    client.resetAndDestroy();
    expect(client.destroyed).toBe(false);
    const [peer] = (await nextEvent(server, 'connection')) as [Socket];
    const failed = nextEvent(peer, 'error');
    peer.resume();
    await nextEvent(client, 'close');
    expect(log.at(-1)).toBe('close false');
    expect(log).toContain('connect');
    expect(errorShape((await failed)[0]).code).toBe('ECONNRESET');
  });

  test('fails with ERR_SOCKET_CLOSED without a connection', async () => {
    const socket = new net.Socket();
    const failed = nextEvent(socket, 'error');
    expect(socket.resetAndDestroy()).toBe(socket);
    expect(errorShape((await failed)[0])).toMatchObject({
      code: 'ERR_SOCKET_CLOSED',
      message: 'Socket is closed',
    });
  });

  test('fails with ERR_INVALID_HANDLE_TYPE on a Unix socket', async () => {
    const { client } = await scope.pair({ transport: 'unix' });
    expect(thrownBy(() => client.resetAndDestroy())).toEqual({
      name: 'TypeError',
      code: 'ERR_INVALID_HANDLE_TYPE',
      message: 'This handle type cannot be sent',
    });
    expect(client.destroyed).toBe(false);
  });

  test('works after end()', async () => {
    const { client } = await scope.pair({ server: { allowHalfOpen: true } });
    client.end();
    await nextEvent(client, 'finish');
    client.resetAndDestroy();
    await nextEvent(client, 'close');
    expect(client.destroyed).toBe(true);
  });

  test('emits one close if called twice and after destroy()', async () => {
    const { client, peer } = await scope.pair();
    peer.on('error', () => {});
    const log: string[] = [];
    traceEvents(log, client);
    client.resetAndDestroy();
    client.resetAndDestroy();
    client.destroy();
    await nextEvent(client, 'close');
    expect(log).toEqual(['close false']);
  });
});
