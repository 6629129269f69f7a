// `socket.toNode({ shell: true })`: node:net has the connection, and the old object stays for its
// listeners.
import nodeNet from 'node:net';
import tls from 'node:tls';

import { thrownBy } from '../helpers/errors';
import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { transports } from '../helpers/scope';
import { fill, readAll, readBytes } from '../helpers/streams';
import { describeUvnet } from '../helpers/uvnet';

type UvnetSocket = import('../../lib/index').Socket;
type Options = import('../helpers/scope').PairOptions;

describeUvnet('the shell of a connection that node:net has', ({ net, scope }) => {
  async function transfer(options?: Options): Promise<{
    server: nodeNet.Server;
    client: nodeNet.Socket;
    shell: UvnetSocket;
    moved: nodeNet.Socket;
  }> {
    const { server, client, peer } = await scope.pair(options);
    const shell = peer as unknown as UvnetSocket;
    const moved = scope.track(shell.toNode({ shell: true }));
    return { server, client, shell, moved };
  }

  const asNode = (socket: UvnetSocket): nodeNet.Socket => socket as unknown as nodeNet.Socket;

  describe.each(transports)('over %s', (transport) => {
    test('has the addresses and the counters of the connection', async () => {
      const { client, peer } = await scope.pair({ transport });
      const names = ({
        remoteAddress,
        remotePort,
        remoteFamily,
        localAddress,
        localPort,
      }: nodeNet.Socket) => [...[remoteAddress, remotePort, remoteFamily, localAddress, localPort]];
      const before = names(peer);
      client.write('12345');
      await readBytes(peer, 5);
      peer.write('abc');
      const moved = scope.track((peer as unknown as UvnetSocket).toNode({ shell: true }));
      expect(moved).toBeInstanceOf(nodeNet.Socket);
      client.write('67');
      await readBytes(moved, 2);
      const answer = readAll(client);
      moved.end('defg');
      expect(String(await answer)).toBe('abcdefg');
      expect([peer.bytesRead, peer.bytesWritten]).toEqual([7, 7]);
      expect(names(peer)).toEqual(before);
      await nextEvent(peer, 'close');
      expect([peer.bytesRead, peer.bytesWritten]).toEqual([7, 7]);
    });

    test("emits 'end' and 'close' when the connection ends, and not before", async () => {
      const { server, client, shell, moved } = await transfer({ transport });
      const log: string[] = [];
      traceEvents(log, asNode(shell));
      moved.resume();
      client.write('hello');
      await readBytes(moved, 5);
      await nextTurn();
      expect([log, shell.destroyed]).toEqual([[], false]);
      expect(
        await new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
      ).toBe(1);
      client.end();
      await nextEvent(asNode(shell), 'close');
      expect(log).toEqual(['end', 'finish', 'close false']);
      expect(shell.destroyed).toBe(true);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });

    test('write() and end() send after the data of the other socket', async () => {
      const { client, shell, moved } = await transfer({ transport });
      const answer = readAll(client);
      moved.write('one ');
      await new Promise<void>((resolve) => shell.write('two ', () => resolve()));
      expect(shell.bytesWritten).toBe(8);
      shell.end('three');
      await nextEvent(asNode(shell), 'finish');
      expect(moved.writableFinished).toBe(true);
      expect(String(await answer)).toBe('one two three');
    });

    test('destroy() ends the connection', async () => {
      const { client, shell, moved } = await transfer({ transport });
      const log: string[] = [];
      traceEvents(log, asNode(shell));
      shell.on('error', () => {});
      shell.destroy(new Error('enough'));
      client.resume();
      await Promise.all([nextEvent(asNode(shell), 'close'), nextEvent(client, 'close')]);
      expect(log).toEqual(['error enough', 'close true']);
      expect(moved.destroyed).toBe(true);
    });

    test('bytes that wait to be sent leave once, and their callbacks are called once', async () => {
      const { client, peer } = await scope.pair({ transport });
      const total = fill(peer);
      let called = 0;
      const count = (): number => called++;
      peer.write('first ', count);
      peer.write('second ', count);
      const written = peer.bytesWritten;
      const moved = scope.track((peer as unknown as UvnetSocket).toNode({ shell: true }));
      expect(peer.bytesWritten).toBe(written);
      peer.write('third ', count);
      peer.end('fourth', count);
      const all = await readAll(client);
      expect(all.length).toBe(total + 'first second third fourth'.length);
      expect(String(all.subarray(total))).toBe('first second third fourth');
      expect([peer.bytesWritten, moved.writableFinished, called]).toEqual([all.length, true, 4]);
    });

    test('an end() that waits is finished by the other socket', async () => {
      const { client, peer } = await scope.pair({ transport });
      const total = fill(peer);
      const finished = new Promise<void>((resolve) => peer.end('last', () => resolve()));
      scope.track((peer as unknown as UvnetSocket).toNode({ shell: true }));
      expect(peer.destroyed).toBe(false);
      const [all] = await Promise.all([readAll(client), finished]);
      expect(all.length).toBe(total + 4);
    });
  });

  test("a reset is an 'error' of both, and a 'close' with one", async () => {
    const { client, shell, moved } = await transfer();
    const log: string[] = [];
    traceEvents(log, asNode(shell), 'shell');
    traceEvents(log, moved, 'node');
    shell.on('error', () => {});
    moved.resume();
    client.resetAndDestroy();
    await Promise.all([nextEvent(asNode(shell), 'close'), nextEvent(moved, 'close')]);
    expect(log.sort()).toEqual([
      'node close true',
      'node error ECONNRESET',
      'shell close true',
      'shell error ECONNRESET',
    ]);
  });

  test('an error that the user of the other socket handles needs no listener on the shell', async () => {
    const { client, shell, moved } = await transfer();
    moved.on('error', () => {}).resume();
    const closed = nextEvent(asNode(shell), 'close');
    client.resetAndDestroy();
    expect(await closed).toEqual([true]);
  });

  test('timeouts, ref(), pause() and settings are those of the connection', async () => {
    const { client, shell, moved } = await transfer();
    const { _handle: handle } = moved as unknown as { _handle: { hasRef(): boolean } };
    shell.unref();
    expect(handle.hasRef()).toBe(false);
    shell.ref();
    expect(handle.hasRef()).toBe(true);
    const before = moved.listenerCount('timeout');
    const timedOut = new Promise<void>((resolve) => shell.setTimeout(20, resolve));
    expect([shell.timeout, moved.timeout]).toEqual([20, 20]);
    await timedOut;
    shell.setTimeout(0);
    expect([shell.timeout, moved.listenerCount('timeout')]).toEqual([0, before]);
    expect(thrownBy(() => shell.setTimeout('1' as never)).code).toBe('ERR_INVALID_ARG_TYPE');
    expect(thrownBy(() => shell.setTimeout(1, 1 as never)).code).toBe('ERR_INVALID_ARG_TYPE');

    moved.on('data', () => {});
    shell.pause();
    expect(moved.isPaused()).toBe(true);
    const read = nextEvent(moved, 'data');
    shell.resume();
    client.write('x');
    await read;
    expect(shell.setNoDelay(true).setKeepAlive(true, 5000)).toBe(shell);
    expect(shell.fd).toBeGreaterThan(0);
    const reset = nextEvent(client, 'error');
    shell.resetAndDestroy();
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  test('tls runs on it natively, and the shell reports its end', async () => {
    const { client, shell, moved } = await transfer();
    const secure = new tls.TLSSocket(moved, { isServer: true });
    secure.on('error', () => {});
    expect(secure.remoteAddress).toBe(shell.remoteAddress);
    const closed = nextEvent(asNode(shell), 'close');
    client.end('this is no hello');
    client.resume();
    await closed;
    expect(shell.destroyed).toBe(true);
  });

  test('the addresses of a PROXY header are transferred', async () => {
    const server = scope.server({ proxyProtocol: 'required' } as nodeNet.ServerOpts);
    await scope.listen(server);
    const accepted = nextEvent(server, 'connection');
    const client = scope.connect({
      port: (server.address() as nodeNet.AddressInfo).port,
      host: '127.0.0.1',
    });
    client.write('PROXY TCP4 192.0.2.1 192.0.2.2 1000 2000\r\n');
    const [socket] = (await accepted) as [UvnetSocket];
    const moved = scope.track(socket.toNode({ shell: true }));
    for (const { remoteAddress, remotePort, localAddress, localPort } of [moved, socket]) {
      expect([remoteAddress, remotePort, localAddress, localPort]).toEqual([
        '192.0.2.1',
        1000,
        '192.0.2.2',
        2000,
      ]);
    }
    const secure = new tls.TLSSocket(moved, { isServer: true });
    expect(secure.remoteAddress).toBe('192.0.2.1');
    secure.destroy();
  });

  test('a shell cannot be transferred again', async () => {
    const { shell } = await transfer();
    for (const move of [() => shell.toNode(), () => shell.detach(), () => shell.toLean({})]) {
      expect(thrownBy(move).code).toBe('ERR_INVALID_STATE');
    }
    await expect(shell.peek(1)).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    expect(shell.destroyed).toBe(false);
  });

  test('options of a wrong type are refused, and the socket stays as it is', async () => {
    const { client, peer } = await scope.pair();
    const socket = peer as unknown as UvnetSocket;
    for (const options of [null, 1, { shell: 'yes' }]) {
      expect(thrownBy(() => socket.toNode(options as never)).code).toBe('ERR_INVALID_ARG_TYPE');
    }
    client.write('x');
    expect(String(await readBytes(peer, 1))).toBe('x');
  });

  test('maxConnections counts it as long as it is open', async () => {
    const { server, shell } = await transfer();
    server.maxConnections = 1;
    const dropped = nextEvent(server, 'drop');
    const { port } = server.address() as nodeNet.AddressInfo;
    const late = scope.connect({ port, host: '127.0.0.1' });
    late.on('error', () => {});
    expect(await dropped).toMatchObject([{ reason: 'maxConnections' }]);
    shell.destroy();
    await nextEvent(asNode(shell), 'close');
    const accepted = nextEvent(server, 'connection');
    scope.connect({ port, host: '127.0.0.1' });
    await accepted;
    expect(net.backend).toBe('native');
  });
});
