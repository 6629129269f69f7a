import { BlockList as NodeBlockList } from 'node:net';

import * as net from 'uvnet';

import { thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import type { Net } from '../helpers/implementations';
import { describeLoopbackNetwork, onLinux, withLoopbackNetwork } from '../helpers/platforms';
import { Scope } from '../helpers/scope';
import { portOfServer, serversOf } from '../helpers/servers';

/** Features that node:net does not have: native and counted decisions about connections. */

const scope = new Scope(net as unknown as Net);
afterEach(() => scope.dispose());

const { createServer, listening, knock } = serversOf(scope);

/** A server with room for one connection is full with it, and has room again when it closes. */
async function fillAndLeave(server: net.Server): Promise<void> {
  const { client, peer } = await scope.join(server as never);
  expect(await knock(server)).toBe(false);
  const closed = nextEvent(peer, 'close');
  peer.resume();
  client.end();
  await closed;
  expect(await knock(server)).toBe(true);
}

describe('maxConnections', () => {
  test('may change while the server listens', async () => {
    const server = await listening();
    server.maxConnections = 1;
    expect(await knock(server)).toBe(true);
    expect(await knock(server)).toBe(false);
    server.maxConnections = 2;
    expect(await knock(server)).toBe(true);
    expect(await knock(server)).toBe(false);
    server.maxConnections = null as never;
    expect(await knock(server)).toBe(true);
    expect(server.stats()).toMatchObject({ accepted: 3, open: 3, dropped: { maxConnections: 2 } });
  });

  test('is the limit of the server that listened last on a shared handle', async () => {
    const first = await listening();
    const { peer } = await scope.join(first as never);
    const second = createServer();
    second.maxConnections = 1;
    second.listen(first);
    await nextEvent(second, 'listening');
    expect(await knock(second)).toBe(true);
    expect(await knock(second)).toBe(false);
    expect(second.stats()).toMatchObject({ open: 1, dropped: { maxConnections: 1 } });
    peer.destroy();
    await nextEvent(peer, 'close');
    expect(first.stats()).toMatchObject({ accepted: 1, open: 0 });
  });

  test('has room again when a connection closes', async () => {
    const server = await listening();
    server.maxConnections = 1;
    await fillAndLeave(server);
  });

  test('drop has the addresses and the reason', async () => {
    const server = await listening();
    server.maxConnections = 0;
    const drop = nextEvent(server, 'drop');
    const client = scope.connect({ port: portOfServer(server), host: '127.0.0.1' });
    const connected = nextEvent(client, 'connect').then(() => client.localPort);
    const [data] = await drop;
    expect(data).toEqual({
      localAddress: '127.0.0.1',
      localPort: portOfServer(server),
      localFamily: 'IPv4',
      remoteAddress: '127.0.0.1',
      remotePort: await connected,
      remoteFamily: 'IPv4',
      reason: 'maxConnections',
    });
  });

  test('on a unix socket, drop has the reason alone', async () => {
    const server = createServer();
    const path = scope.path();
    await scope.listen(server as never, { path });
    server.maxConnections = 0;
    const drop = nextEvent(server, 'drop');
    scope.connect({ path }).on('error', () => {});
    expect(await drop).toEqual([{ reason: 'maxConnections' }]);
  });

  test('the server may be closed from drop', async () => {
    const server = await listening();
    server.maxConnections = 0;
    server.once('drop', () => server.close());
    const closed = nextEvent(server, 'close');
    const client = scope.connect({ port: portOfServer(server), host: '127.0.0.1' });
    client.on('error', () => {});
    await Promise.all([closed, nextEvent(client, 'close')]);
    expect(server.listening).toBe(false);
  });
});

describe('maxConnectionsPerAddress', () => {
  withLoopbackNetwork('counts each address for itself', async () => {
    const server = await listening({ maxConnectionsPerAddress: 1 });
    expect(await knock(server, '127.0.0.1')).toBe(true);
    expect(await knock(server, '127.0.0.1')).toBe(false);
    expect(await knock(server, '127.0.0.2')).toBe(true);
    expect(server.stats().dropped.maxConnectionsPerAddress).toBe(1);
    server.maxConnectionsPerAddress = 2;
    expect(await knock(server, '127.0.0.1')).toBe(true);
    server.maxConnectionsPerAddress = undefined;
    expect(await knock(server, '127.0.0.1')).toBe(true);
  });

  test('has room again when a connection closes', async () => {
    const server = await listening({ maxConnectionsPerAddress: 1 });
    await fillAndLeave(server);
  });

  test('does not apply to Unix sockets, which have no address', async () => {
    const server = createServer({ maxConnectionsPerAddress: 1 });
    const path = scope.path();
    await scope.listen(server as never, { path });
    await scope.join(server as never);
    await scope.join(server as never);
    expect(server.stats().open).toBe(2);
  });

  test.each([-1, 1.5, '1', {}])('%p is refused', (value) => {
    expect(() => createServer({ maxConnectionsPerAddress: value as number })).toThrow(
      /options\.maxConnectionsPerAddress/,
    );
    const server = createServer();
    expect(() => (server.maxConnectionsPerAddress = value as number)).toThrow(
      /"maxConnectionsPerAddress(\.limit)?"/,
    );
  });

  test('addresses of an IPv6 network count as one address', async () => {
    const server = createServer({ maxConnectionsPerAddress: { limit: 1, ipv6Prefix: 0 } });
    await scope.listen(server as never, { port: 0, host: '::1' });
    const knock6 = (): Promise<boolean> => knock(server, '::1', '::1');
    expect(await knock6()).toBe(true);
    expect(await knock6()).toBe(false);
    server.maxConnectionsPerAddress = { limit: 2 };
    expect(server.maxConnectionsPerAddress).toEqual({ limit: 2, ipv6Prefix: 64 });
    expect(await knock6()).toBe(true);
    expect(await knock6()).toBe(false);
  });

  test.each([-1, 129, '64', null])('an ipv6Prefix of %p is refused', (value) => {
    const limit = { limit: 1, ipv6Prefix: value as number };
    expect(() => createServer({ maxConnectionsPerAddress: limit })).toThrow(
      /options\.maxConnectionsPerAddress\.ipv6Prefix/,
    );
  });
});

describe('acceptRate', () => {
  test('lets a burst in and drops what goes beyond', async () => {
    const server = await listening({ acceptRate: { perSecond: 0.001, burst: 3 } });
    const kept: boolean[] = [];
    for (let i = 0; i < 5; i++) kept.push(await knock(server));
    expect(kept).toEqual([true, true, true, false, false]);
    expect(server.stats().dropped.acceptRate).toBe(2);
    server.acceptRate = null;
    expect(await knock(server)).toBe(true);
  });

  test('the burst defaults to the rate', () => {
    const server = createServer({ acceptRate: { perSecond: 2.5 } });
    expect(server.acceptRate).toEqual({ perSecond: 2.5, burst: 3 });
  });

  withLoopbackNetwork('an address at its limit does not use up the rate', async () => {
    const server = await listening({
      acceptRate: { perSecond: 0.001, burst: 2 },
      maxConnectionsPerAddress: 1,
    });
    expect(await knock(server, '127.0.0.1')).toBe(true);
    expect(await knock(server, '127.0.0.1')).toBe(false);
    expect(await knock(server, '127.0.0.1')).toBe(false);
    expect(await knock(server, '127.0.0.2')).toBe(true);
    expect(await knock(server, '127.0.0.3')).toBe(false);
    expect(server.stats().dropped).toMatchObject({ acceptRate: 1, maxConnectionsPerAddress: 2 });
    // The address that the rate refused holds no place.
    server.acceptRate = null;
    expect(await knock(server, '127.0.0.3')).toBe(true);
  });

  test.each([
    [1, 'ERR_INVALID_ARG_TYPE'],
    [{}, 'ERR_INVALID_ARG_TYPE'],
    [{ perSecond: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ perSecond: NaN }, 'ERR_OUT_OF_RANGE'],
    [{ perSecond: 1, burst: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ perSecond: 1, burst: '1' }, 'ERR_INVALID_ARG_TYPE'],
  ])('%p is refused with %s', (acceptRate, code) => {
    expect(thrownBy(() => createServer({ acceptRate: acceptRate as never }))).toMatchObject({
      code,
    });
  });
});

describe('stats', () => {
  test('counts what a server did', async () => {
    const server = await listening();
    expect(server.stats()).toEqual({
      accepted: 0,
      open: 0,
      dropped: {
        maxConnections: 0,
        blockList: 0,
        maxConnectionsPerAddress: 0,
        acceptRate: 0,
        trustedProxies: 0,
        proxyHeader: 0,
        proxyTimeout: 0,
        sniffTimeout: 0,
        sniffEnded: 0,
        noTarget: 0,
      },
      acceptErrors: 0,
      bytesRead: 0,
      bytesWritten: 0,
    });
    const { client, peer } = await scope.join(server as never);
    client.write('hello');
    await nextEvent(peer, 'data');
    peer.write('hi');
    await nextEvent(client, 'data');
    expect(server.stats()).toMatchObject({ accepted: 1, open: 1, bytesRead: 5, bytesWritten: 2 });
    const closed = nextEvent(peer, 'close');
    client.destroy();
    peer.on('error', () => {});
    await closed;
    expect(server.stats()).toMatchObject({ accepted: 1, open: 0, bytesRead: 5, bytesWritten: 2 });
  });

  test('goes on when the server is closed, and when it listens again', async () => {
    const server = await listening();
    const { client, peer } = await scope.join(server as never);
    const closed = nextEvent(server, 'close');
    server.close();
    expect(server.stats()).toMatchObject({ accepted: 1, open: 1 });
    peer.resume();
    client.end();
    client.resume();
    await closed;
    expect(server.stats()).toMatchObject({ accepted: 1, open: 0 });
    await scope.listen(server as never, { port: 0, host: '127.0.0.1' });
    await scope.join(server as never);
    expect(server.stats()).toMatchObject({ accepted: 2, open: 1 });
  });

  test('belongs to one server', async () => {
    const first = await listening();
    const second = await listening();
    await scope.join(first as never);
    expect(first.stats().open).toBe(1);
    expect(second.stats().open).toBe(0);
  });
});

describeLoopbackNetwork('blockList', () => {
  test('drops connections natively, reports this, and may change while the server listens', async () => {
    const blockList = new net.BlockList();
    blockList.addAddress('127.0.0.2');
    const server = await listening({ blockList });
    const drop = nextEvent(server, 'drop');
    expect(await knock(server, '127.0.0.2')).toBe(false);
    expect((await drop)[0]).toMatchObject({ reason: 'blockList', remoteAddress: '127.0.0.2' });
    expect(await knock(server, '127.0.0.3')).toBe(true);
    blockList.addSubnet('127.0.0.0', 24);
    expect(await knock(server, '127.0.0.3')).toBe(false);
    blockList.clear();
    expect(await knock(server, '127.0.0.2')).toBe(true);
    expect(server.stats()).toMatchObject({ accepted: 2, dropped: { blockList: 2 } });
  });

  test('may be exchanged', async () => {
    const server = await listening();
    const first = new net.BlockList();
    first.addAddress('127.0.0.2');
    server.blockList = first;
    expect(await knock(server, '127.0.0.2')).toBe(false);
    server.blockList = undefined;
    expect(await knock(server, '127.0.0.2')).toBe(true);
  });

  test('knows the IPv4 peers of a server that listens on ::', async () => {
    const blockList = new net.BlockList();
    blockList.addAddress('127.0.0.2');
    const server = await listening({ blockList }, '::');
    expect(await knock(server, '127.0.0.2')).toBe(false);
    expect(await knock(server, '127.0.0.1')).toBe(true);
  });

  test('may be a list of node:net', async () => {
    const blockList = new NodeBlockList();
    blockList.addAddress('127.0.0.2');
    const server = await listening({ blockList });
    expect(await knock(server, '127.0.0.2')).toBe(false);
    expect(await knock(server, '127.0.0.1')).toBe(true);
  });
});

describe('reusePort', () => {
  // Other systems do not balance the connections, and refuse it.
  onLinux('two servers share a port, and each gets connections', async () => {
    const servers = [createServer(), createServer()] as [net.Server, net.Server];
    const options = { host: '127.0.0.1', reusePort: true };
    await scope.listen(servers[0] as never, { ...options, port: 0 });
    const port = portOfServer(servers[0]);
    await scope.listen(servers[1] as never, { ...options, port });
    const accepted = (): number[] => servers.map((server) => server.stats().accepted);
    // The kernel distributes them by a hash, so one of two cannot get all 200.
    for (let i = 0; i < 200; i++) {
      const client = scope.connect({ port, host: '127.0.0.1' });
      await Promise.race(servers.map((server) => nextEvent(server, 'connection')));
      client.destroy();
    }
    expect(accepted().reduce((a, b) => a + b)).toBe(200);
    expect(Math.min(...accepted())).toBeGreaterThan(0);
  });

  test('the port is in use without it', async () => {
    const first = await listening();
    const second = createServer();
    const failed = nextEvent(second, 'error');
    second.listen({ host: '127.0.0.1', port: portOfServer(first) });
    expect((await failed)[0]).toMatchObject({ code: 'EADDRINUSE' });
  });
});
