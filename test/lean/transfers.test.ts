// Connections that are made, and that change between sockets and handler tables.
import type { Socket as NodeSocket } from 'node:net';

import { binding, errnoByName } from '../../lib/internal/native/binding';
import { deferred, nextEvent } from '../helpers/events';
import { lean, LeanScope, net, receiveAll, type Connection } from '../helpers/lean';

const UV_EBADF = errnoByName('EBADF');

describe('connections', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  test.each(['tcp', 'unix'])('connect() and listen() meet (%s)', async (transport) => {
    const path = transport === 'unix' ? scope.path() : undefined;
    const server = await scope.listen(
      { data: (connection, bytes) => void connection.end(`you said ${bytes.toString()}`) },
      path === undefined ? {} : { path },
    );
    const log: string[] = [];
    const closed = deferred();
    const where = path === undefined ? { port: server.port!, host: '127.0.0.1' } : { path };
    const connection = await lean.connect(where, {
      open: () => log.push('open'),
      data: (_, bytes) => log.push(bytes.toString()),
      end: () => log.push('end'),
      close(_, error) {
        log.push(`close ${String(error)}`);
        closed.resolve();
      },
    });
    expect(log).toEqual(['open']);
    connection.write('hello');
    await closed.promise;
    expect(log).toEqual(['open', 'you said hello', 'end', 'close undefined']);
  });

  test('connect() is rejected with the error of the connect', async () => {
    const server = await scope.listen({});
    const { port } = server;
    await server.close();
    await expect(lean.connect({ port: port!, host: '127.0.0.1' }, {})).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
    });
    await expect(lean.connect({} as never, {})).rejects.toMatchObject({ code: 'ERR_MISSING_ARGS' });
  });

  test('toSocket() gives a socket with all that was not consumed', async () => {
    const socket = deferred<import('node:net').Socket>();
    const closed = jest.fn();
    const server = await scope.listen({
      data(connection, bytes) {
        connection.write('switching ');
        socket.resolve(scope.track(connection.toSocket(bytes.subarray(4)) as never));
        expect(connection.isOpen).toBe(false);
      },
      close: closed,
    });
    const client = await scope.client(server);
    client.write('GET the rest');
    const peer = await socket.promise;
    expect(peer).toBeInstanceOf(net.Socket);
    client.end(' and more');
    const all = receiveAll(client);
    expect((await receiveAll(peer)).toString()).toBe('the rest and more');
    peer.end('to a stream');
    expect((await all).toString()).toContain('switching ');
    expect(closed).not.toHaveBeenCalled();
  });

  test('toLean() takes what a socket has read and not consumed', async () => {
    const server = await scope.netServer((peer) => {
      peer.write('unread');
      peer.on('data', (chunk) => peer.end(`, answer to ${chunk.toString()}`));
    });
    const { port } = server.address() as { port: number };
    const socket = scope.track(net.connect(port, '127.0.0.1'));
    await nextEvent(socket, 'readable');
    const chunks: string[] = [];
    const closed = deferred();
    const gone = nextEvent(socket, 'close');
    const connection = socket.toLean<number>({
      data: (_, bytes) => chunks.push(bytes.toString()),
      close: () => closed.resolve(),
    });
    connection.data = 1;
    connection.write('question');
    await closed.promise;
    await gone;
    expect(chunks.join('')).toBe('unread, answer to question');
    expect(() => socket.toLean({})).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_CLOSED' }));
  });

  test('toLean() is refused before the socket is connected', async () => {
    const server = await scope.listen({});
    const socket = scope.track(net.connect(server.port!, '127.0.0.1'));
    expect(() => socket.toLean({})).toThrow(expect.objectContaining({ code: 'ERR_INVALID_STATE' }));
    await nextEvent(socket, 'connect');
  });

  test('native methods of connections refuse other handles', async () => {
    const opened = deferred<Connection>();
    const server = await scope.listen({ open: (connection) => opened.resolve(connection) });
    const client = await scope.client(server);
    const connection = await opened.promise;
    const { id } = connection as any;
    const socket = scope.track(connection.toSocket() as never as NodeSocket);
    const bytes = Buffer.from('x');
    expect(binding.leanHold(id)).toBe(UV_EBADF);
    expect(binding.leanWrite(id, bytes)).toBe(UV_EBADF);
    expect(binding.leanWritev(id, [bytes])).toBe(UV_EBADF);
    expect(binding.leanTryWrite(id, bytes)).toBe(UV_EBADF);
    expect(binding.leanEnd(id, false)).toBe(UV_EBADF);
    expect(binding.leanClose(id, false)).toBe(UV_EBADF);
    expect(binding.leanRemove(id, 'TCPWRAP')).toBe(UV_EBADF);
    expect(binding.leanBroadcast(Int32Array.of(id), 1, bytes)).toBe(0);
    expect(binding.leanCut(id, bytes)).toBeUndefined();
    expect(binding.leanUncut(id)).toBeUndefined();
    socket.end('the socket has it');
    expect((await receiveAll(client)).toString()).toBe('the socket has it');
  });

  test('relay() takes connections, too', async () => {
    const back = await scope.listen({ data: (connection, bytes) => void connection.write(bytes) });
    const done = deferred<unknown>();
    const front = await scope.listen(
      {
        open(connection) {
          connection.pause();
          void lean
            .connect({ port: back.port!, host: '127.0.0.1' }, {})
            .then((target) => lean.relay(connection, target))
            .then(done.resolve, done.resolve);
        },
      },
      { allowHalfOpen: true },
    );
    const client = await scope.client(front);
    client.end('through');
    expect((await receiveAll(client)).toString()).toBe('through');
    expect(await done.promise).toMatchObject({ bytesAtoB: 7, bytesBtoA: 7 });
  });

  test('garbage collection leaves open connections alone', async () => {
    const { setFlagsFromString } = await import('node:v8' as string);
    setFlagsFromString('--expose-gc');
    const { runInNewContext } = await import('node:vm' as string);
    const collect = runInNewContext('gc') as () => void;
    const opened = deferred();
    const server = await scope.listen({
      open: () => opened.resolve(),
      data: (connection, bytes) => void connection.write(bytes),
    });
    const client = await scope.client(server);
    await opened.promise;
    collect();
    client.write('still there');
    expect(String((await nextEvent(client, 'data'))[0])).toBe('still there');
  });

  test('the header of a proxy names the peer', async () => {
    const seen = deferred<[Connection, string]>();
    const server = await scope.listen(
      { data: (connection, bytes) => seen.resolve([connection, bytes.toString()]) },
      { proxyProtocol: 'required' },
    );
    const client = await scope.client(server);
    client.write('PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\nhello');
    const [connection, text] = await seen.promise;
    expect(text).toBe('hello');
    expect(connection.remote).toEqual({ address: '192.0.2.1', family: 'IPv4', port: 4000 });
    expect(connection.local).toEqual({ address: '192.0.2.2', family: 'IPv4', port: 80 });
    expect(connection.proxyInfo).toMatchObject({ version: 1, sourceAddress: '192.0.2.1' });
    expect(lean.proxyHeader(connection, { version: 1 }).toString()).toBe(
      'PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\n',
    );
  });

  test('what the header of a proxy said goes along, to a socket and back', async () => {
    const opened = deferred<Connection>();
    const server = await scope.listen(
      { open: opened.resolve },
      { proxyProtocol: 'required', path: scope.path() },
    );
    const client = await scope.client(server);
    client.write(
      lean.proxyHeader({
        remoteAddress: '2001:db8::1',
        remotePort: 4000,
        localAddress: '2001:db8::2',
        localPort: 80,
      }),
    );
    const connection = await opened.promise;
    const { proxyInfo } = connection;
    expect(proxyInfo).toMatchObject({ version: 2, sourceAddress: '2001:db8::1' });
    const socket = connection.toSocket();
    expect(socket.proxyInfo).toBe(proxyInfo);
    const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
    expect({ remoteAddress, remotePort, remoteFamily, localAddress, localPort }).toEqual({
      remoteAddress: '2001:db8::1',
      remotePort: 4000,
      remoteFamily: 'IPv6',
      localAddress: '2001:db8::2',
      localPort: 80,
    });
    const again = socket.toLean({});
    expect(again.proxyInfo).toBe(proxyInfo);
    expect(again.remote).toEqual(connection.remote);
    again.destroy();
    expect(again.remoteAddress).toBe('2001:db8::1');
  });

  test.each(['PROXY UNKNOWN\r\n', ''])(
    'the names are those of the connection itself where the header is %p',
    async (header) => {
      const seen = deferred<Connection>();
      const server = await scope.listen(
        { data: (connection) => seen.resolve(connection) },
        { proxyProtocol: 'optional' },
      );
      const client = await scope.client(server);
      client.write(`${header}hello`);
      const connection = await seen.promise;
      expect(connection.proxyInfo?.version).toBe(header === '' ? undefined : 1);
      expect(connection.remotePort).toBe(client.localPort);
      const socket = connection.toSocket();
      expect([socket.proxyInfo?.version, socket.remotePort, socket.localPort]).toEqual([
        header === '' ? undefined : 1,
        client.localPort,
        server.port,
      ]);
      socket.destroy();
    },
  );
});
