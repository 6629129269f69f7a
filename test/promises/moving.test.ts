import nodeNet from 'node:net';

import * as uvnet from 'uvnet';

import { lean } from '../helpers/lean';
import { nextEvent, nextTurn } from '../helpers/events';
import { describePromises, eventually, native, readToEnd, rejection } from '../helpers/promises';
import { readAll } from '../helpers/streams';

describePromises('a stream', ({ scope, promises, isNative }) => {
  const { Stream } = promises;

  /** A socket of the implementation that `Stream.from` takes, and its peer. */
  async function socketPair(
    allowHalfOpen = true,
  ): Promise<{ socket: uvnet.Socket; peer: nodeNet.Socket }> {
    const server = await scope.sockets.listen(scope.sockets.server({ allowHalfOpen: true }));
    const accepted = nextEvent(server, 'connection');
    const { port } = server.address() as nodeNet.AddressInfo;
    const net = isNative ? uvnet : (nodeNet as unknown as typeof uvnet);
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen });
    scope.sockets.track(socket as never);
    await nextEvent(socket as never, 'connect');
    return { socket, peer: (await accepted)[0] as nodeNet.Socket };
  }

  test('becomes a socket, which gets what nobody has read', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('line\nrest');
    expect(await stream.readLine()).toBe('line');
    await eventually(() => stream.readableLength === 4);
    const socket = scope.sockets.track(stream.toSocket() as never as nodeNet.Socket);
    expect(stream.isOpen).toBe(false);
    await stream.closed;
    await stream.close();
    expect(await rejection(stream.read())).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    expect(await rejection(stream.write('x'))).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    expect(() => stream.toSocket()).toThrow('Socket is closed');
    const all = readAll(socket);
    const answer = readAll(peer);
    peer.end(' and more');
    socket.end('bye');
    expect(String(await all)).toBe('rest and more');
    expect(String(await answer)).toBe('bye');
  });

  test('becomes a socket in the middle of messages', async () => {
    const { stream, peer } = await scope.pair();
    // An end in the middle of a message would close the stream.
    peer.write('1\n2\n3\nincomplete');
    const messages = stream.messages({ type: 'delimiter' });
    expect(String((await messages.next()).value)).toBe('1');
    const socket = scope.sockets.track(stream.toSocket() as never as nodeNet.Socket);
    peer.end();
    expect(String(await readAll(socket))).toBe('2\n3\nincomplete');
    expect(await rejection(messages.next())).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    socket.destroy();
  });

  test('is made of a socket, with what that has read and nobody took', async () => {
    const { socket, peer } = await socketPair();
    peer.write('line\nrest');
    socket.once('readable', () => {});
    await eventually(() => socket.readableLength === 9);
    const stream = scope.track(Stream.from(socket));
    expect(await stream.readLine()).toBe('line');
    peer.end(' and more');
    expect(String(await readToEnd(stream))).toBe('rest and more');
    const answer = readAll(peer);
    await stream.write('bye');
    await stream.end();
    expect(String(await answer)).toBe('bye');
    await stream.closed;
    expect(() => Stream.from(socket)).toThrow();
  });

  test('may be half-open where the socket would have ended with its peer', async () => {
    const { socket, peer } = await socketPair(false);
    const stream = scope.track(Stream.from(socket));
    peer.end('request');
    expect(String(await readToEnd(stream))).toBe('request');
    for (let turns = 0; turns < 3; turns++) await nextTurn();
    const answer = readAll(peer);
    await stream.write('answer');
    await stream.end();
    expect(String(await answer)).toBe('answer');
  });

  test('becomes a socket after the peer’s end, with what nobody has read', async () => {
    const { stream, peer } = await scope.pair();
    peer.end('first, rest');
    expect(String(await stream.readExactly(5))).toBe('first');
    await eventually(() => stream.bytesRead === 11);
    stream.unread(Buffer.from('<'));
    const end = stream.readUntil('no such delimiter');
    expect(String(((await rejection(end)) as unknown as { partial: Buffer }).partial)).toBe(
      '<, rest',
    );
    stream.unread(Buffer.from('again'));
    const socket = scope.sockets.track(stream.toSocket() as never as nodeNet.Socket);
    const answer = readAll(peer);
    const chunks: string[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(String(chunk)));
    await nextEvent(socket, 'end');
    expect(chunks.join('')).toBe('again');
    socket.end('bye');
    expect(String(await answer)).toBe('bye');
  });

  test('does not become a socket after its own end', async () => {
    const { stream, peer } = await scope.pair();
    const all = readAll(peer);
    void stream.write('all');
    void stream.end();
    expect(() => stream.toSocket()).toThrow(expect.objectContaining({ code: 'ERR_INVALID_STATE' }));
    expect(String(await all)).toBe('all');
    peer.write('on');
    expect(String(await stream.read())).toBe('on');
    void stream.close();
    expect(() => stream.toSocket()).toThrow();
  });

  test('leaves the socket alone that it has become', async () => {
    const { stream, peer } = await scope.pair();
    const socket = scope.sockets.track(stream.toSocket() as never as nodeNet.Socket);
    stream.unref().ref();
    stream.destroy(new Error('too late'));
    stream.resetAndDestroy();
    void stream.end();
    void stream.close();
    peer.end('to the socket');
    expect(String(await readAll(socket))).toBe('to the socket');
  });

  test('is made of a socket in any state', async () => {
    const paused = await socketPair();
    paused.socket.pause();
    paused.peer.write('abc');
    expect(String(await scope.track(Stream.from(paused.socket)).read())).toBe('abc');

    const flowing = await socketPair();
    const seen: string[] = [];
    flowing.socket.on('data', (chunk: Buffer) => seen.push(String(chunk)));
    flowing.peer.write('one');
    await eventually(() => seen.length === 1);
    const stream = scope.track(Stream.from(flowing.socket));
    flowing.peer.write('two');
    expect(String(await stream.read())).toBe('two');
    expect(seen).toEqual(['one']);
    expect(() => Stream.from(flowing.socket)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_CLOSED' }),
    );

    const listening = await socketPair();
    listening.socket.on('readable', () => {});
    listening.peer.write('abc');
    await eventually(() => listening.socket.readableLength === 3);
    expect(String(await scope.track(Stream.from(listening.socket)).read())).toBe('abc');

    const ended = await socketPair();
    ended.peer.end();
    await nextEvent(ended.socket.resume() as never, 'end');
    const rest = scope.track(Stream.from(ended.socket));
    expect(await rest.read()).toBe(null);
    const answer = readAll(ended.peer);
    await rest.write('answer');
    await rest.end();
    expect(String(await answer)).toBe('answer');
  });

  test('is made of nothing but a socket that is connected', () => {
    for (const value of [undefined, null, 5, 'x', {}, new nodeNet.Server()]) {
      expect(() => Stream.from(value as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      );
    }
    const Socket = isNative ? uvnet.Socket : nodeNet.Socket;
    const fresh = new Socket();
    expect(() => Stream.from(fresh as never)).toThrow();
    fresh.destroy();
    expect(() => Stream.from(fresh as never)).toThrow();
  });

  test('has WHATWG streams', async () => {
    const { stream, peer } = await scope.pair();
    expect(stream.readable).toBe(stream.readable);
    expect(stream.writable).toBe(stream.writable);
    const writer = stream.writable.getWriter();
    await writer.write('a');
    await writer.write(new Uint8Array([0x62]));
    const received = readAll(peer);
    await writer.close();
    expect(String(await received)).toBe('ab');
    peer.end('0123456789');
    const reader = stream.readable.getReader({ mode: 'byob' });
    const { value } = await reader.read(new Uint8Array(4));
    expect(String(Buffer.from(value!))).toBe('0123');
    reader.releaseLock();
    const plain = stream.readable.getReader();
    expect(String(Buffer.from((await plain.read()).value!))).toBe('456789');
    expect(await plain.read()).toEqual({ value: undefined, done: true });
    await stream.closed;
  });

  test('pipes into another, and back', async () => {
    const { stream, peer } = await scope.pair();
    const bytes = Buffer.alloc(3_000_000, 'abcdefg');
    const received = readAll(peer);
    peer.end(bytes);
    await stream.readable.pipeTo(stream.writable);
    expect((await received).equals(bytes)).toBe(true);
    await stream.closed;
  });

  test('ends a BYOB reader that waits', async () => {
    const { stream, peer } = await scope.pair();
    const reader = stream.readable.getReader({ mode: 'byob' });
    const reading = reader.read(new Uint8Array(4));
    peer.end();
    expect(await reading).toMatchObject({ done: true });
  });

  test('fails its WHATWG streams with its own error', async () => {
    const { stream, peer } = await scope.pair();
    const reader = stream.readable.getReader();
    const reading = reader.read();
    peer.resetAndDestroy();
    expect(await rejection(reading)).toMatchObject({ code: 'ECONNRESET' });
    await rejection(reader.closed);
    const other = await scope.pair();
    await other.stream.readable.cancel();
    await other.stream.closed;
    const third = await scope.pair();
    await third.stream.writable.abort('no');
    await third.stream.closed;
  });

  test.each(['write', 'close'] as const)(
    'is aborted as a WHATWG stream though a %s() waits for the peer',
    async (waiting) => {
      const { stream } = await scope.pair();
      const writer = stream.writable.getWriter();
      const write = writer.write(Buffer.alloc(50_000_000));
      const last = waiting === 'write' ? write : writer.close();
      const aborted = writer.abort('enough').catch(() => {});
      await Promise.all([rejection(write), rejection(last), aborted, stream.closed]);
      expect(stream.isOpen).toBe(false);
    },
  );

  test('tells its WHATWG stream for writing that the connection is closed', async () => {
    const { stream, peer } = await scope.pair();
    const writer = stream.writable.getWriter();
    peer.resetAndDestroy();
    expect(await rejection(writer.closed)).toMatchObject({ code: 'ECONNRESET' });
    const other = await scope.pair();
    const closed = other.stream.writable.getWriter().closed;
    other.stream.destroy();
    expect(await rejection(closed)).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    const third = await scope.pair();
    const ended = third.stream.writable.getWriter();
    await ended.close();
    third.peer.end();
    await third.stream.closed;
    await ended.closed;
  });

  test('aborts a pipe with a signal', async () => {
    const { stream } = await scope.pair();
    const other = await scope.pair();
    const controller = new AbortController();
    const piping = stream.readable.pipeTo(other.stream.writable, { signal: controller.signal });
    controller.abort();
    await rejection(piping);
    await Promise.all([stream.closed, other.stream.closed]);
  });
});

describe('a stream on the native code', () => {
  test('is relayed as a socket', async () => {
    const listener = await native.listen({ port: 0, host: '127.0.0.1' });
    const target = await native.listen({ port: 0, host: '127.0.0.1' });
    const relaying = (async () => {
      const client = (await listener.accept())!;
      expect(await client.readLine()).toBe('CONNECT');
      const upstream = await native.connect({ port: target.port!, host: '127.0.0.1' });
      await client.write('OK\n');
      await lean.relay(client.toSocket(), upstream.toSocket());
    })();
    const client = await native.connect({ port: listener.port!, host: '127.0.0.1' });
    await client.write('CONNECT\n');
    expect(await client.readLine()).toBe('OK');
    const server = (await target.accept())!;
    await client.write('question');
    await client.end();
    expect(String(await readToEnd(server))).toBe('question');
    await server.write('answer');
    await server.end();
    expect(String(await readToEnd(client))).toBe('answer');
    await Promise.all([client.closed, server.closed, relaying]);
    await Promise.all([listener.close(), target.close()]);
  });
});
