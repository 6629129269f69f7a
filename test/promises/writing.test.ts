import {
  describePromises,
  eventually,
  readToEnd,
  rejection,
  type Stream,
} from '../helpers/promises';
import { readAll } from '../helpers/streams';

const MANY = 32 * 1024 * 1024;

/** Writes until it waits, which the promise tells. */
function fill(stream: Stream): Promise<void> {
  return stream.write(Buffer.alloc(MANY, 'f'));
}

/** Whether a promise is settled by the next turn. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describePromises('writes', ({ scope, promises, isNative }) => {
  test.each(['tcp', 'unix'] as const)('arrive in their order (%s)', async (transport) => {
    const { stream, peer } = await scope.pair({}, transport);
    const all = readAll(peer);
    void stream.write('a');
    void stream.writev(['b', Buffer.from('c'), new Uint8Array([0x64])]);
    await stream.write('ZQ==', { encoding: 'base64' });
    await stream.write(Buffer.from('f'));
    await stream.write('');
    await stream.writev([]);
    await stream.end();
    expect(String(await all)).toBe('abcdef');
  });

  test('wait until more may be written', async () => {
    const { stream, peer } = await scope.pair();
    const first = fill(stream);
    const second = stream.write('x');
    expect(await isSettled(Promise.race([first, second]))).toBe(false);
    expect(stream.writableLength).toBeGreaterThan(0);
    const all = readAll(peer);
    await Promise.all([first, second]);
    expect(stream.writableLength).toBe(0);
    await stream.end();
    expect(await all).toHaveLength(MANY + 1);
  });

  test('that wait are rejected when the connection fails', async () => {
    const { stream, peer } = await scope.pair();
    const writing = fill(stream);
    const ending = stream.end();
    const closing = stream.close();
    peer.resetAndDestroy();
    for (const waiting of [writing, ending, closing]) {
      expect((await rejection(waiting)).code).toMatch(/ECONNRESET|EPIPE/);
    }
    expect((await rejection(stream.closed)).code).toMatch(/ECONNRESET|EPIPE/);
    await stream.close();
  });

  test('that wait are rejected when the stream is destroyed', async () => {
    const { stream } = await scope.pair();
    const writing = fill(stream);
    const ending = stream.end();
    const closing = stream.close();
    stream.destroy();
    expect(await rejection(writing)).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    expect(await rejection(ending)).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    await closing;
    await stream.closed;
    expect(await rejection(stream.write('x'))).toMatchObject({ code: expect.any(String) });
    const other = (await scope.pair()).stream;
    other.destroy();
    await other.closed;
    expect(await rejection(other.write('x'))).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    expect(await rejection(other.writev(['x']))).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    expect(await rejection(other.end())).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
  });

  test('in the turn of destroy() are rejected', async () => {
    const { stream } = await scope.pair();
    stream.destroy();
    stream.destroy();
    expect(await rejection(stream.write('x'))).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
  });

  test('send what an abort or a timeout gives up waiting for', async () => {
    const { stream, peer } = await scope.pair();
    const controller = new AbortController();
    const writing = stream.write(Buffer.alloc(MANY, 'f'), { signal: controller.signal });
    const late = stream.write('x', { timeout: 10 });
    controller.abort('enough');
    expect(await rejection(writing)).toMatchObject({ code: 'ABORT_ERR', cause: 'enough' });
    expect(await rejection(late)).toMatchObject({ code: 'ETIMEDOUT' });
    expect(await rejection(stream.end({ timeout: 10 }))).toMatchObject({ code: 'ETIMEDOUT' });
    expect(await rejection(stream.close({ timeout: 10 }))).toMatchObject({ code: 'ETIMEDOUT' });
    const all = readAll(peer);
    await stream.close({ timeout: 60_000 });
    expect(await all).toHaveLength(MANY + 1);
  });

  test('do not begin if their signal is aborted', async () => {
    const { stream, peer } = await scope.pair();
    const options = { signal: AbortSignal.abort() };
    for (const call of [
      stream.write('x', options),
      stream.writev(['x'], options),
      stream.end(options),
      stream.close(options),
    ]) {
      expect(await rejection(call)).toMatchObject({ code: 'ABORT_ERR' });
    }
    const all = readAll(peer);
    await stream.end();
    expect(await all).toHaveLength(0);
  });

  test('come too late after end() and close()', async () => {
    const { stream, peer } = await scope.pair();
    const ended = stream.end();
    expect(await rejection(stream.write('x'))).toMatchObject({
      code: 'ERR_STREAM_WRITE_AFTER_END',
    });
    await Promise.all([ended, stream.end()]);
    await stream.end();
    expect(await rejection(stream.writev(['x']))).toMatchObject({
      code: 'ERR_STREAM_WRITE_AFTER_END',
    });
    peer.end();
    await stream.closed;
    await stream.end();
    const other = (await scope.pair()).stream;
    const closing = other.close();
    expect(await rejection(other.write('x'))).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
    await Promise.all([closing, other.close()]);
    await other.close();
    expect(other.isOpen).toBe(false);
  });

  test('of wrong types are refused, and others go on', async () => {
    const { stream, peer } = await scope.pair();
    const all = readAll(peer);
    for (const data of [5, null, undefined, {}, ['a']]) {
      const refused = stream.write(data as never);
      expect(await rejection(refused)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    }
    const refused = stream.writev(['a', 5 as never]);
    expect(await rejection(refused)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(await rejection(stream.writev(5 as never))).toBeInstanceOf(Error);
    for (const options of [5, null, 'utf8', { signal: 5 }, { timeout: NaN }]) {
      const { code } = await rejection(stream.write('x', options as never));
      expect(code).toMatch(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
    }
    await stream.write('ok');
    await stream.end();
    expect(String(await all)).toBe('ok');
  });

  test.each(['destroyed', 'ended', 'closing'])(
    'of wrong types are told first on a stream that is %s',
    async (state) => {
      const { stream } = await scope.pair();
      if (state === 'destroyed') stream.destroy();
      else void (state === 'ended' ? stream.end() : stream.close());
      const wrong = [
        stream.write(5 as never),
        stream.write('x', 5 as never),
        stream.write('x', { timeout: 'x' as never }),
        stream.writev(5 as never),
        stream.writev('text' as never),
        stream.writev(['a', 5 as never]),
        stream.end(5 as never),
        stream.close(5 as never),
      ];
      for (const promise of wrong) {
        expect(await rejection(promise)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
      }
      expect(await rejection(stream.write('x', { encoding: 'no' as never }))).toMatchObject({
        code: 'ERR_UNKNOWN_ENCODING',
      });
      expect(await rejection(stream.write('x'))).toMatchObject({
        code: state === 'destroyed' ? 'ERR_SOCKET_CLOSED' : 'ERR_STREAM_WRITE_AFTER_END',
      });
    },
  );

  test('are ended by end(), which is fulfilled when all is sent', async () => {
    const { stream, peer } = await scope.pair();
    void fill(stream);
    const ending = stream.end();
    expect(await isSettled(ending)).toBe(false);
    const all = readAll(peer);
    await ending;
    expect(await all).toHaveLength(MANY);
    expect(stream.isOpen).toBe(true);
  });

  test('are ended by end() after the peer has ended, which closes the stream', async () => {
    const { stream, peer } = await scope.pair();
    peer.end();
    expect(await stream.read()).toBe(null);
    const all = readAll(peer);
    await stream.write('x');
    await stream.end();
    await stream.closed;
    expect(String(await all)).toBe('x');
    const { stream: full, peer: slow } = await scope.pair();
    slow.end();
    expect(await full.read()).toBe(null);
    void fill(full);
    const ending = full.end();
    expect(await readAll(slow)).toHaveLength(MANY);
    await ending;
    await full.closed;
  });

  test('are sent by close(), whether the peer ends or not', async () => {
    const { stream, peer } = await scope.pair();
    void fill(stream);
    const reading = stream.read();
    reading.catch(() => {});
    const closing = stream.close();
    expect(await readAll(peer)).toHaveLength(MANY);
    await closing;
    expect(stream.isOpen).toBe(false);
    expect(await rejection(reading)).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
  });

  test('are sent at the end of an `await using`', async () => {
    const { stream, peer } = await scope.pair();
    const all = readAll(peer);
    const dispose = (Symbol as { asyncDispose?: symbol }).asyncDispose;
    void stream.write('x');
    await (dispose === undefined ? stream.close() : Reflect.get(stream, dispose).call(stream));
    expect(String(await all)).toBe('x');
    expect(stream.isOpen).toBe(false);
  });

  test('are cut by a reset', async () => {
    const { stream, peer } = await scope.pair();
    let code = '';
    peer.on('error', (error: NodeJS.ErrnoException) => (code = error.code!));
    peer.resume();
    stream.resetAndDestroy();
    await stream.closed;
    await eventually(() => peer.destroyed);
    expect(code).toBe('ECONNRESET');
  });

  test('echo between many streams at once', async () => {
    const listener = await scope.listen();
    const serving = promises.serve(listener, async (stream) => {
      for await (const chunk of stream) await stream.write(chunk);
      await stream.end();
    });
    const size = 300_000;
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const stream = await scope.connect({ port: listener.port!, host: '127.0.0.1' });
        const sent = Buffer.alloc(size, `${index}.`);
        const [got] = await Promise.all([
          readToEnd(stream),
          (async () => {
            for (let at = 0; at < size; at += 7000) {
              await stream.write(sent.subarray(at, at + 7000));
            }
            await stream.end();
          })(),
        ]);
        expect(got.equals(sent)).toBe(true);
        await stream.closed;
      }),
    );
    await listener.close();
    await serving;
  });

  test('of a stream that could not connect are none', async () => {
    const listener = await scope.listen();
    const { port } = listener;
    await listener.close();
    const connecting = promises.connect({ port: port!, host: '127.0.0.1' });
    expect(await rejection(connecting)).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
    const aborted = promises.connect({ port: port!, signal: AbortSignal.abort() });
    expect(await rejection(aborted)).toMatchObject({ code: 'ABORT_ERR' });
    const types = [undefined, null, 5, 'x', { port: {} }, { port: 5, framing: {} }];
    for (const options of types) {
      const { code } = await rejection(promises.connect(options as never));
      expect(code).toMatch(/^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|SOCKET_BAD_PORT)$/);
    }
    if (isNative) {
      const unknown = promises.connect({ port: 5, noDelya: true } as never);
      expect(await rejection(unknown)).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    }
  });

  test('and reads are rejected by the signal that the stream was connected with', async () => {
    const controller = new AbortController();
    const { stream } = await scope.pair({ signal: controller.signal });
    const reading = stream.read();
    controller.abort('done');
    expect(await rejection(reading)).toMatchObject({ code: 'ABORT_ERR', cause: 'done' });
    expect(await rejection(stream.closed)).toMatchObject({ code: 'ABORT_ERR' });
    expect(await rejection(stream.write('x'))).toMatchObject({ code: 'ABORT_ERR' });
  });
});
