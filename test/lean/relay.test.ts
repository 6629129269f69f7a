import { rejectionOf } from '../helpers/errors';
import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { lean, openLine } from '../helpers/relaying';
import { endpointOf, transports, type Transport } from '../helpers/scope';
import { fill, readAll, readBytes } from '../helpers/streams';
import { describeUvnet } from '../helpers/uvnet';

const { relay } = lean;

describeUvnet('relay', ({ scope }) => {
  const routes = transports.flatMap((left) => transports.map((right) => [left, right] as const));

  describe.each(routes)('from %s to %s', (left, right) => {
    const open = () => openLine(scope, { left, right });

    test('bytes pass both ways until both sides have ended', async () => {
      const line = await open();
      const result = relay(line.a, line.b);
      const atRight = readAll(line.right);
      line.left.write('question');
      await nextEvent(line.right, 'data');
      const atLeft = readAll(line.left);
      line.right.write('answer, ');
      await nextEvent(line.left, 'data');
      line.left.end('!');
      await nextEvent(line.right, 'end');
      // The other direction goes on.
      line.right.end('and more');
      expect(await result).toEqual({ bytesAtoB: 9, bytesBtoA: 16, reason: 'end' });
      expect((await atRight).toString()).toBe('question!');
      expect((await atLeft).toString()).toBe('answer, and more');
    });

    test('either side may end first', async () => {
      const line = await open();
      const result = relay(line.a, line.b);
      line.right.end();
      line.left.resume();
      line.right.resume();
      await nextEvent(line.left, 'end');
      line.left.end('last words');
      expect(await result).toEqual({ bytesAtoB: 10, bytesBtoA: 0, reason: 'end' });
    });

    test('a reset that arrives together with data is not an end', async () => {
      const line = await open();
      const result = rejectionOf(relay(line.a, line.b));
      const closed = nextEvent(line.right, 'close');
      line.right.on('error', () => {}).resume();
      if (left === 'unix') {
        line.left.pause();
        line.right.write('unread');
        while (line.b.bytesRead === 0) await nextTurn();
      }
      line.left.write('x');
      if (left === 'unix') line.left.destroy();
      else line.left.resetAndDestroy();
      expect(await result).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
      // Unix sockets cannot be reset.
      if (right !== 'unix') expect(await closed).toEqual([true]);
    });

    test('a reset that a write finds first is not an end', async () => {
      const line = await open();
      const result = rejectionOf(relay(line.a, line.b));
      const closed = nextEvent(line.left, 'close');
      line.left
        .on('error', () => {})
        .on('end', () => line.left.end())
        .resume();
      // With unread bytes, closing a Unix socket is a reset.
      line.right.pause();
      line.left.write('unread');
      while (line.b.bytesWritten === 0) await nextTurn();
      // In this order, so that the relay reads it before it gets the reset.
      line.left.write('x');
      if (right === 'unix') line.right.destroy();
      else line.right.resetAndDestroy();
      const syscall = right === 'unix' ? 'read' : 'write';
      expect(await result).toMatchObject({ code: 'ECONNRESET', syscall });
      // Unix sockets cannot be reset.
      expect(await closed).toEqual([left !== 'unix']);
    });

    test('a reset is passed on and reported', async () => {
      const line = await open();
      const result = rejectionOf(relay(line.a, line.b)) as Promise<Error & { side?: string }>;
      const closed = [nextEvent(line.a, 'close'), nextEvent(line.b, 'close')];
      const failure = nextEvent(line.right, 'error');
      line.right.resume().on('end', () => line.right.emit('error', { code: 'end' }));
      line.left.write('x');
      await nextEvent(line.right, 'data');
      if (left === 'unix') {
        // With unread bytes, closing a Unix socket is a reset.
        line.left.pause();
        line.right.write('y');
        while (line.b.bytesRead === 0) await nextTurn();
        line.left.destroy();
      } else {
        line.left.resetAndDestroy();
      }
      expect(await result).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
      // Unix sockets cannot be reset.
      const [error] = await failure;
      expect(error).toMatchObject({ code: right === 'unix' ? 'end' : 'ECONNRESET' });
      await Promise.all(closed);
    });
  });

  test('sockets have their counters and emit their events', async () => {
    const { left, a, b, right } = await openLine(scope);
    const log: string[] = [];
    traceEvents(log, a, 'a');
    traceEvents(log, b, 'b');
    a.on('data', () => {});
    const result = relay(a, b);
    left.end('12345');
    right.end('678');
    left.resume();
    right.resume();
    const closed = Promise.all([nextEvent(a, 'close'), nextEvent(b, 'close')]);
    await result;
    expect([a.bytesRead, a.bytesWritten, b.bytesRead, b.bytesWritten]).toEqual([5, 3, 3, 5]);
    await closed;
    expect([a.bytesRead, a.bytesWritten, b.bytesRead, b.bytesWritten]).toEqual([5, 3, 3, 5]);
    for (const side of ['a', 'b']) {
      const own = log.filter((line) => line.startsWith(side)).sort();
      expect(own).toEqual([`${side} close false`, `${side} end`, `${side} finish`]);
    }
    expect(a.readableEnded && a.writableFinished && a.destroyed).toBe(true);
  });

  test('sockets without allowHalfOpen still relay half-open', async () => {
    const first = await scope.pair({ client: { allowHalfOpen: true } });
    const second = await scope.pair({ server: { allowHalfOpen: true } });
    expect(first.peer.allowHalfOpen || second.client.allowHalfOpen).toBe(false);
    const result = relay(first.peer as never, second.client as never);
    first.client.end('a');
    second.peer.resume();
    await nextEvent(second.peer, 'end');
    const answer = readAll(first.client);
    second.peer.end('late answer');
    expect((await answer).toString()).toBe('late answer');
    expect((await result).reason).toBe('end');
  });

  describe('data from before the relay', () => {
    test.each(transports)(
      'bytes that were read, pushed back or peeked at are sent first (%s)',
      async (left) => {
        const { left: client, a, b, right } = await openLine(scope, { left });
        const got = readAll(right);
        a.pause();
        client.write('first ');
        expect((await a.peek(6)).toString()).toBe('first ');
        a.unshift('zeroth ');
        a.read(0);
        while (a.readableLength < 13) await nextTurn();
        client.end('last');
        const result = relay(a, b);
        right.end();
        client.resume();
        expect(await result).toEqual({ bytesAtoB: 17, bytesBtoA: 0, reason: 'end' });
        expect((await got).toString()).toBe('zeroth first last');
      },
    );

    test('the bytes after a pending peek are sent too', async () => {
      const { left, a, b, right } = await openLine(scope);
      const size = 3_000_000;
      const sent = Buffer.alloc(size, 'abcdefg');
      const got = readAll(right);
      let before = Buffer.alloc(0);
      const result = new Promise((resolve) => {
        a.on('data', function take(chunk: Buffer) {
          before = Buffer.concat([before, chunk]);
          // Far enough in that reads come in pieces.
          if (before.length < size / 2) return;
          a.off('data', take);
          resolve(relay(a, b));
        });
      });
      left.end(sent);
      left.resume();
      right.end();
      const { bytesAtoB } = (await result) as { bytesAtoB: number };
      expect(bytesAtoB).toBe(size - before.length);
      expect(Buffer.concat([before, await got]).equals(sent)).toBe(true);
    });

    test('bytes that were written to either side leave first', async () => {
      const { left, a, b, right } = await openLine(scope);
      const size = fill(b);
      b.write('|');
      left.end('after');
      const result = relay(a, b);
      // The other direction does not wait for it.
      right.write('now');
      expect((await readBytes(left, 3)).toString()).toBe('now');
      const got = readAll(right);
      right.end();
      expect(await result).toEqual({ bytesAtoB: 5, bytesBtoA: 3, reason: 'end' });
      const bytes = await got;
      expect(bytes.length).toBe(size + 6);
      expect(bytes.subarray(size - 1).toString()).toBe('f|after');
    });

    test('writes of the same turn leave first', async () => {
      const { left, a, b, right } = await openLine(scope);
      for (const letter of 'abc') b.write(letter);
      a.unshift('d');
      left.end('e');
      const result = relay(a, b);
      const got = readAll(right);
      right.end();
      left.resume();
      expect((await got).toString()).toBe('abcde');
      expect((await result).bytesAtoB).toBe(2);
    });

    test('an end that came before is passed on', async () => {
      const { left, a, b, right } = await openLine(scope);
      const ended = nextEvent(a, 'end');
      left.end();
      a.resume();
      await ended;
      const result = relay(a, b);
      const got = readAll(right);
      await nextEvent(right, 'end');
      right.end('answer');
      expect((await readAll(left)).toString()).toBe('answer');
      expect((await got).length).toBe(0);
      expect(await result).toEqual({ bytesAtoB: 0, bytesBtoA: 6, reason: 'end' });
    });

    test('a socket with a user buffer is relayed', async () => {
      const buffer = Buffer.alloc(100);
      const server = scope.server({ allowHalfOpen: true });
      await scope.listen(server);
      const { client, peer } = await scope.join(server, {
        allowHalfOpen: true,
        onread: { buffer, callback: () => true },
      } as never);
      const { left, a } = await openLine(scope);
      const result = relay(a, client as never);
      client.pause();
      left.end('to');
      peer.end('fro');
      peer.resume();
      expect((await readAll(left)).toString()).toBe('fro');
      expect(await result).toEqual({ bytesAtoB: 2, bytesBtoA: 3, reason: 'end' });
      expect(buffer.every((byte) => byte === 0)).toBe(true);
    });
  });

  describe('a side that is still connecting', () => {
    const upstream = async (transport: Transport) => {
      const server = scope.server((socket) => socket.pipe(socket));
      await scope.listen(server, scope.listenOptions(transport));
      return endpointOf(server);
    };

    test.each(transports)('is waited for (%s)', async (transport) => {
      const endpoint = await upstream(transport);
      const { left, a } = await openLine(scope);
      const got = readAll(left);
      a.unshift('early ');
      left.end('echo');
      const result = relay(a, scope.connect(endpoint) as never);
      expect((await got).toString()).toBe('early echo');
      expect(await result).toEqual({ bytesAtoB: 10, bytesBtoA: 10, reason: 'end' });
    });

    test('is named in the error if it fails, and the other side is closed', async () => {
      const server = await scope.listen(scope.server());
      const endpoint = endpointOf(server);
      await new Promise((resolve) => server.close(resolve));
      const { left, a } = await openLine(scope);
      a.unshift('lost');
      const b = scope.connect(endpoint);
      const closed = nextEvent(left, 'close');
      left
        .on('error', () => {})
        .resume()
        .on('end', () => left.end());
      expect(await relay(a, b as never).catch((error: object) => ({ ...error }))).toMatchObject({
        code: 'ECONNREFUSED',
        side: 'b',
        bytesAtoB: 0,
        bytesBtoA: 0,
      });
      await closed;
      expect(a.destroyed).toBe(true);
    });
  });
});
