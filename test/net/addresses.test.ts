import { deferred, nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { withLoopbackNetwork } from '../helpers/platforms';
import { portOf } from '../helpers/scope';

describeNet('addresses', ({ net, scope }) => {
  test.each([
    ['tcp', '127.0.0.1', 'IPv4'],
    ['tcp6', '::1', 'IPv6'],
  ] as const)(
    'both sides over %s have the addresses of each other',
    async (transport, address, family) => {
      const { server, client, peer } = await scope.pair({ transport });
      const port = portOf(server);
      expect(server.address()).toEqual({ address, family, port });
      expect(client.remoteAddress).toBe(address);
      expect(client.remoteFamily).toBe(family);
      expect(client.remotePort).toBe(port);
      expect(client.localAddress).toBe(address);
      expect(client.localFamily).toBe(family);
      expect(client.address()).toEqual({ address, family, port: client.localPort });
      expect(peer.address()).toEqual({ address, family, port });
      expect(peer.remoteAddress).toBe(address);
      expect(peer.remoteFamily).toBe(family);
      expect(peer.remotePort).toBe(client.localPort);
      expect(peer.localPort).toBe(port);
    },
  );

  withLoopbackNetwork.each(['127.9.10.99', '127.100.200.255'])(
    'are written correctly: %s',
    async (host) => {
      const accepted = deferred<string | undefined>();
      const server = scope.server((socket) => accepted.resolve(socket.remoteAddress));
      const port = portOf(await scope.listen(server, { port: 0, host }));
      const client = scope.connect({ port, host, localAddress: host });
      await nextEvent(client, 'connect');
      expect(await accepted.promise).toBe(host);
      expect([server.address(), client.remoteAddress, client.localAddress]).toEqual([
        { address: host, family: 'IPv4', port },
        host,
        host,
      ]);
    },
  );

  test('a Unix socket has no addresses', async () => {
    const { server, client, peer } = await scope.pair({ transport: 'unix' });
    expect(typeof server.address()).toBe('string');
    for (const socket of [client, peer]) {
      expect(socket.address()).toEqual({});
      expect(socket.remoteAddress).toBeUndefined();
      expect(socket.remotePort).toBeUndefined();
      expect(socket.remoteFamily).toBeUndefined();
      expect(socket.localAddress).toBeUndefined();
      expect(socket.localPort).toBeUndefined();
      expect(socket.localFamily).toBeUndefined();
    }
  });

  test('a socket has no addresses before connect and after destroy', async () => {
    const fresh = new net.Socket();
    expect(fresh.address()).toEqual({});
    expect(fresh.remoteAddress).toBeUndefined();
    expect(fresh.localPort).toBeUndefined();
    const { client, peer } = await scope.pair();
    const local = client.localPort;
    const remote = client.remotePort;
    client.destroy();
    await nextEvent(client, 'close');
    // The peer's is remembered once asked for, one's own is not.
    expect(client.localPort).toBeUndefined();
    expect(client.address()).toEqual({});
    expect(client.remotePort).toBe(remote);
    expect(peer.remotePort).toBe(local);
  });

  test('an address that was not read before destroy() is unknown afterwards', async () => {
    const { client } = await scope.pair();
    client.destroy();
    expect(client.remoteAddress).toBeUndefined();
    expect(client.localAddress).toBeUndefined();
    expect(client.address()).toEqual({});
  });

  test('the address of the peer stays known after the peer is gone, if it was read in time', async () => {
    const { client, peer } = await scope.pair();
    const remotePort = peer.remotePort;
    client.destroy();
    peer.resume();
    await nextEvent(peer, 'close');
    expect(peer.remotePort).toBe(remotePort);
    expect(peer.remoteAddress).toBe('127.0.0.1');
  });

  test('the remote address is unknown while the socket connects', async () => {
    const server = await scope.listen(scope.server());
    const client = scope.connect({ port: portOf(server), host: '127.0.0.1' });
    expect(client.remoteAddress).toBeUndefined();
    await nextEvent(client, 'connect');
    expect(client.remoteAddress).toBe('127.0.0.1');
  });

  test('address() of a server is null after close', async () => {
    const server = await scope.listen(scope.server());
    server.close();
    expect(server.address()).toBeNull();
  });
});
