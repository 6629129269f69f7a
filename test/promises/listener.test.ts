import { nextEvent } from '../helpers/events';
import { describePromises, eventually, rejection, type Stream } from '../helpers/promises';

describePromises('a listener', ({ scope, promises, isNative }) => {
  test.each(['tcp', 'unix'] as const)('gives connections to who asks (%s)', async (transport) => {
    const options = transport === 'unix' ? { path: scope.sockets.path() } : {};
    const listener = await scope.listen(options);
    const early = listener.accept();
    const client = await scope.knock(listener);
    const stream = scope.track((await early)!);
    client.write('hello');
    expect(String(await stream.read())).toBe('hello');
    const second = await scope.knock(listener);
    const late = scope.track((await listener.accept())!);
    await late.write('hi');
    expect(String((await nextEvent(second, 'data'))[0])).toBe('hi');
    if (transport === 'tcp') {
      expect(listener.port).toBe((listener.address() as { port: number }).port);
    } else expect([listener.port, listener.address()]).toEqual([undefined, options.path]);
    expect(listener.unref().ref()).toBe(listener);
  });

  test('serves several accepts in their order', async () => {
    const listener = await scope.listen();
    const order: number[] = [];
    const accepts = [0, 1, 2].map(async (index) => {
      scope.track((await listener.accept())!);
      order.push(index);
    });
    for (let i = 0; i < accepts.length; i += 1) await scope.knock(listener);
    await Promise.all(accepts);
    expect(order).toEqual([0, 1, 2]);
  });

  test('is iterated over until it is closed', async () => {
    const listener = await scope.listen();
    const names: string[] = [];
    const loop = (async () => {
      for await (const stream of listener) {
        scope.track(stream);
        names.push((await stream.readLine())!);
        await stream.close();
        if (names.length === 2) break;
      }
      for await (const stream of listener) {
        names.push((await stream.readLine())!);
        await stream.close();
      }
    })();
    for (const name of ['a', 'b', 'c', 'd']) {
      const client = await scope.knock(listener);
      client.end(`${name}\n`);
      await nextEvent(client.resume(), 'close');
    }
    await listener.close();
    await loop;
    expect(names).toEqual(['a', 'b', 'c', 'd']);
  });

  test('gives null once it is closed, and destroys what nobody asked for', async () => {
    const listener = await scope.listen();
    const accepts = [listener.accept(), listener.accept()];
    scope.track((await (await scope.knock(listener), accepts[0]))!).destroy();
    const closing = listener.close();
    expect(await accepts[1]).toBe(null);
    await closing;
    expect(await listener.accept()).toBe(null);
    await listener.close();
    expect(await listener[Symbol.asyncIterator]().next()).toEqual({ value: undefined, done: true });

    const other = await scope.listen();
    const client = await scope.knock(other);
    const closed = nextEvent(client.resume(), 'close');
    // It is accepted, whoever asks for it.
    const extra = (await other.accept())!;
    scope.track(extra);
    const unasked = await scope.knock(other);
    const gone = nextEvent(unasked.on('error', () => {}).resume(), 'close');
    extra.destroy();
    await other.close();
    await Promise.all([closed, gone]);
  });

  test('waits in close() for the connections that are open', async () => {
    const listener = await scope.listen();
    const client = await scope.knock(listener);
    const stream = scope.track((await listener.accept())!);
    let closed = false;
    const closing = listener.close().then(() => (closed = true));
    client.write('x');
    expect(String(await stream.read())).toBe('x');
    expect(closed).toBe(false);
    await stream.close();
    await closing;
  });

  test('loses no connection to an accept that was given up', async () => {
    const listener = await scope.listen();
    const controller = new AbortController();
    const aborted = listener.accept({ signal: controller.signal });
    const late = listener.accept({ timeout: 5 });
    const third = listener.accept({ timeout: 60_000 });
    controller.abort('enough');
    expect(await rejection(aborted)).toMatchObject({ code: 'ABORT_ERR', cause: 'enough' });
    expect(await rejection(late)).toMatchObject({ code: 'ETIMEDOUT' });
    const never = listener.accept({ signal: AbortSignal.abort() });
    expect(await rejection(never)).toMatchObject({ code: 'ABORT_ERR' });
    await scope.knock(listener);
    scope.track((await third)!);
    for (const options of [5, null, { timeout: 'x' }]) {
      const { code } = await rejection(listener.accept(options as never));
      expect(code).toBe('ERR_INVALID_ARG_TYPE');
    }
  });

  test('is closed by its signal', async () => {
    const controller = new AbortController();
    const listener = await scope.listen({ signal: controller.signal });
    const accepting = listener.accept();
    controller.abort();
    expect(await accepting).toBe(null);
    await listener.close();
    const aborted = promises.listen({ port: 0, signal: AbortSignal.abort('no') });
    expect(await rejection(aborted)).toMatchObject({ code: 'ABORT_ERR', cause: 'no' });
  });

  test('is aborted before it listens', async () => {
    const controller = new AbortController();
    const listening = promises.listen({ port: 0, host: '127.0.0.1', signal: controller.signal });
    controller.abort('why');
    expect(await rejection(listening)).toMatchObject({ code: 'ABORT_ERR', cause: 'why' });
  });

  test('and connect() refuse options that do not exist', async () => {
    const at = { port: 0, host: '127.0.0.1' };
    for (const name of ['maxConnection', 'highWatermark', 'objectMode', 'encoding']) {
      const options = { ...at, [name]: 1 } as object;
      for (const call of [promises.listen(options), promises.connect(options)]) {
        expect(await rejection(call as Promise<unknown>)).toMatchObject({
          code: 'ERR_INVALID_ARG_VALUE',
          message: expect.stringContaining(name) as string,
        });
      }
    }
  });

  test('rejects if it cannot listen', async () => {
    const listener = await scope.listen();
    const taken = promises.listen({ port: listener.port!, host: '127.0.0.1' });
    expect(await rejection(taken)).toMatchObject({ code: 'EADDRINUSE' });
    const types = [
      undefined,
      null,
      5,
      { port: {} },
      { port: 0, onDrop: 5 },
      { port: 0, borrow: true },
    ];
    for (const options of [...types, { port: 0, onAcceptError: 5 }, { port: 0, signal: 5 }]) {
      const { code } = await rejection(promises.listen(options as never));
      expect(code).toMatch(/^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|SOCKET_BAD_PORT)$/);
    }
  });

  test('refuses wrong options of close(), and listens on', async () => {
    const listener = await scope.listen();
    for (const options of [5, { gracePeriod: 'x' }, { grace: 5 }]) {
      const { code } = await rejection(listener.close(options as never));
      expect(code).toMatch(
        /^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|FEATURE_UNAVAILABLE_ON_PLATFORM)$/,
      );
    }
    await scope.knock(listener);
    scope.track((await listener.accept())!);
  });

  test('ends with `await using`', async () => {
    const listener = await scope.listen();
    const dispose = (Symbol as { asyncDispose?: symbol }).asyncDispose;
    await (dispose === undefined
      ? listener.close()
      : Reflect.get(listener, dispose).call(listener));
    expect(await listener.accept()).toBe(null);
  });

  test('gives streams that outlive their client’s end', async () => {
    const listener = await scope.listen();
    const client = await scope.knock(listener, { allowHalfOpen: true });
    client.end('question');
    const stream = scope.track((await listener.accept())!);
    expect(String(await stream.readExactly(8))).toBe('question');
    expect(await stream.read()).toBe(null);
    await stream.write('answer');
    await stream.end();
    expect(String((await nextEvent(client, 'data'))[0])).toBe('answer');
    const closing = await scope.listen({ allowHalfOpen: false });
    const other = await scope.knock(closing, { allowHalfOpen: true });
    other.end();
    const ended = scope.track((await closing.accept())!);
    expect(await ended.read()).toBe(null);
    await nextEvent(other.resume(), 'end');
  });

  test('drops connections above `maxConnections`, and tells of them', async () => {
    const ports: unknown[] = [];
    const listener = await scope.listen({
      maxConnections: 1,
      onDrop: ({ remotePort }) => ports.push(remotePort),
    });
    await scope.knock(listener);
    scope.track((await listener.accept())!);
    const asking = listener.accept();
    const refused = await scope.knock(listener);
    refused.on('error', () => {}).resume();
    await eventually(() => ports.length === 1);
    expect(ports).toEqual([refused.localPort]);
    void listener.close();
    expect(await asking).toBe(null);
    const wrong = promises.listen({ port: 0, maxConnections: '5' as never });
    expect(await rejection(wrong)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  if (isNative) {
    test('leaves connections in the kernel while nobody asks', async () => {
      const listener = await scope.listen();
      const streams: Stream[] = [];
      const count = 40;
      await scope.knock(listener);
      // The first one is accepted ahead; then it pauses.
      await eventually(() => listener.stats().accepted === 1);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      for (let i = 1; i < count; i += 1) await scope.knock(listener);
      expect(listener.stats().accepted).toBe(1);
      const take = async (): Promise<void> => {
        streams.push(scope.track((await listener.accept())!));
      };
      for (let i = 0; i < 3; i += 1) await take();
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      const { accepted } = listener.stats();
      expect(accepted).toBeLessThan(count);
      await scope.knock(listener);
      expect(listener.stats().accepted).toBe(accepted);
      while (streams.length <= count) await take();
      expect(new Set(streams.map(({ remote }) => remote.port)).size).toBe(count + 1);
    });

    test('is closed while it is paused', async () => {
      const listener = await scope.listen();
      const client = await scope.knock(listener);
      client.on('error', () => {}).resume();
      await eventually(() => listener.stats().accepted === 1);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      await scope.knock(listener).then((other) => other.on('error', () => {}));
      listener.unref().ref();
      await listener.close({ gracePeriod: 0 });
    });
  } else {
    test('has no counters', async () => {
      const listener = await scope.listen();
      expect(() => listener.stats()).toThrow('listener.stats()');
    });
  }
});
