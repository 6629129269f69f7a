import { nextEvent } from '../helpers/events';
import { describePromises, eventually, rejection, type Stream } from '../helpers/promises';
import { readAll } from '../helpers/streams';

describePromises('serve()', ({ scope, promises }) => {
  const { serve } = promises;

  test('runs a handler for each connection, and closes the stream after it', async () => {
    const listener = await scope.listen();
    const serving = serve(listener, async (stream) => {
      await stream.write(`you are ${await stream.readLine()}`);
    });
    const answers = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const client = await scope.knock(listener);
        client.write(`${name}\n`);
        return String(await readAll(client));
      }),
    );
    expect(answers).toEqual(['you are a', 'you are b', 'you are c']);
    await listener.close();
    await serving;
  });

  test('runs no more handlers at once than it may', async () => {
    const listener = await scope.listen();
    let running = 0;
    let most = 0;
    const handler = async (stream: Stream): Promise<void> => {
      most = Math.max(most, (running += 1));
      await stream.readLine();
      running -= 1;
    };
    const serving = serve(listener, handler, { concurrency: 2 });
    const clients = await Promise.all([1, 2, 3, 4, 5].map(() => scope.knock(listener)));
    await eventually(() => running === 2);
    await Promise.all(
      clients.map(async (client) => {
        client.write('\n');
        await nextEvent(client.resume(), 'close');
      }),
    );
    expect([most, running]).toEqual([2, 0]);
    await listener.close();
    await serving;
  });

  test('ends in order when its signal is aborted', async () => {
    const listener = await scope.listen();
    const controller = new AbortController();
    let started = 0;
    const serving = serve(
      listener,
      async (stream) => {
        started += 1;
        await stream.write((await stream.readLine())!);
      },
      { signal: controller.signal },
    );
    const client = await scope.knock(listener);
    await eventually(() => started === 1);
    controller.abort();
    expect(await listener.accept()).toBe(null);
    client.write('still\n');
    expect(String(await readAll(client))).toBe('still');
    await serving;
    const again = await scope.listen();
    await serve(again, () => {}, { signal: AbortSignal.abort() });
    expect(await again.accept()).toBe(null);
  });

  test('destroys what is left after the grace period', async () => {
    const listener = await scope.listen();
    const controller = new AbortController();
    let started = false;
    const serving = serve(
      listener,
      async (stream) => {
        started = true;
        await stream.read();
      },
      { signal: controller.signal, gracePeriod: 10 },
    );
    const client = await scope.knock(listener);
    await eventually(() => started);
    controller.abort();
    await Promise.all([serving, nextEvent(client.resume(), 'close')]);
  });

  test('tells what a handler throws, and destroys its stream', async () => {
    const listener = await scope.listen();
    const errors: [unknown, boolean][] = [];
    const thrown = new Error('of the handler');
    const serving = serve(
      listener,
      async (stream) => {
        const line = await stream.readLine();
        if (line === 'throw') throw thrown;
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- programs do
        if (line === 'undefined') throw undefined;
      },
      { onError: (error, stream) => errors.push([error, stream.remote.port === undefined]) },
    );
    for (const line of ['throw', 'undefined', 'fine']) {
      const client = await scope.knock(listener);
      client.on('error', () => {}).write(`${line}\n`);
      await nextEvent(client.resume(), 'close');
    }
    await listener.close();
    await serving;
    expect(errors.map(([error]) => error)).toEqual([thrown, undefined]);
  });

  test('takes a handler that is no async function', async () => {
    const listener = await scope.listen();
    const errors: unknown[] = [];
    const handler = (): never => {
      throw new Error('at once');
    };
    const serving = serve(listener, handler, { onError: (error) => errors.push(String(error)) });
    const client = await scope.knock(listener);
    await nextEvent(client.on('error', () => {}).resume(), 'close');
    const closing = listener.close();
    await serving;
    await closing;
    expect(errors).toEqual(['Error: at once']);
  });

  test('drops errors that a peer causes', async () => {
    const listener = await scope.listen();
    let ended = 0;
    const handler = async (stream: Stream): Promise<void> => {
      try {
        const kind = await stream.readLine();
        if (kind === 'cut') await stream.readExactly(10);
        if (kind === 'long') await stream.readUntil('|', { max: 3 });
        if (kind === 'late') await stream.read(1, { timeout: 5 });
        if (kind === 'reset') await stream.read();
        if (kind === 'message') {
          await stream.messages({ type: 'delimiter', max: 1 }).next();
        }
        if (kind === 'own') {
          stream.destroy(new Error('own'));
          await stream.read();
        }
      } finally {
        ended += 1;
      }
    };
    const serving = serve(listener, handler);
    const kinds = ['cut', 'long', 'late', 'reset', 'message', 'own'];
    for (const kind of kinds) {
      const client = await scope.knock(listener);
      client.on('error', () => {}).resume();
      client.write(`${kind}\n${kind === 'late' || kind === 'reset' ? '' : 'abcdef\n'}`);
      if (kind === 'cut') client.end();
      if (kind === 'reset') {
        await eventually(() => client.writableLength === 0);
        client.resetAndDestroy();
      }
      await eventually(() => client.destroyed);
    }
    await eventually(() => ended === kinds.length);
    await listener.close();
    await serving;
  });

  test('lets a handler give its connection away', async () => {
    const listener = await scope.listen();
    const serving = serve(listener, (stream) => {
      const socket = stream.toSocket();
      scope.sockets.track(socket as never);
      socket.end('from the socket');
    });
    const client = await scope.knock(listener);
    expect(String(await readAll(client))).toBe('from the socket');
    client.destroy();
    await listener.close();
    await serving;
  });

  test('refuses arguments of wrong types', async () => {
    const listener = await scope.listen();
    const handler = (): void => {};
    const calls: unknown[][] = [
      [undefined, handler],
      [{}, handler],
      [listener],
      [listener, handler, null],
      [listener, handler, { concurrency: '5' }],
      [listener, handler, { signal: {} }],
      [listener, handler, { onError: 5 }],
      [listener, handler, { gracePeriod: 'x' }],
    ];
    for (const call of calls) {
      const { code } = await rejection(Reflect.apply(serve, undefined, call) as Promise<void>);
      expect(code).toBe('ERR_INVALID_ARG_TYPE');
    }
    const range = serve(listener, handler, { concurrency: 0 });
    expect(await rejection(range)).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});
