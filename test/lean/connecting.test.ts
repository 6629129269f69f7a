// Outgoing connections of handler tables, which are made without a socket.
import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import { getEventListeners, once } from 'node:events';

import { fewDescriptors, runChild } from '../helpers/child';
import { deferred } from '../helpers/events';
import { lean, leanEntry, LeanScope, net } from '../helpers/lean';
import { onUnix } from '../helpers/platforms';

const host = '127.0.0.1';

/** The error that a function throws or rejects with. */
async function errorOf(act: () => Promise<unknown>): Promise<NodeJS.ErrnoException> {
  try {
    await act();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error('no error');
}

/** The code of the error that a function throws. */
function codeOf(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe('an outgoing connection', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  test.each([
    { highWaterMark: -1 },
    { highWaterMark: 1.5 },
    { signal: {} },
    { blockList: {} },
    { typeOfService: 256 },
    { keepAliveInitialDelay: 'x' },
    { fd: -1 },
  ])('throws for %j what a socket throws', (options) => {
    const code = codeOf(() => lean.connect({ port: 1, host, ...options } as never, {}));
    expect(code).toMatch(/^ERR_/);
    expect(code).toBe(codeOf(() => new net.Socket(options as never)));
  });

  test('has the settings among its options', async () => {
    const { port } = await scope.listen({});
    const options = { port: port!, host, noDelay: true, keepAlive: true };
    const connection = await lean.connect(options, {});
    const socket = scope.track(connection.toSocket());
    expect([socket.getOption('noDelay'), socket.getOption('keepAlive')]).toEqual([true, true]);
  });

  test('is refused if the block list contains the address', async () => {
    const { port } = await scope.listen({});
    const blockList = new net.BlockList();
    blockList.addAddress(host);
    const close = jest.fn();
    await expect(lean.connect({ port: port!, host, blockList }, { close })).rejects.toMatchObject({
      code: 'ERR_IP_BLOCKED',
    });
    expect(close).not.toHaveBeenCalled();
  });

  const twoAddresses = (_host: string, _options: object, answer: (...values: never[]) => void) =>
    (answer as (error: null, all: object[]) => void)(null, [
      { address: '::1', family: 6 },
      { address: host, family: 4 },
    ]);

  const noAddress = (_host: string, _options: object, answer: (error: Error) => void) =>
    process.nextTick(answer, Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));

  test.each<[string, (port: number) => object]>([
    ['a port where nobody listens', (port) => ({ port, host })],
    ['a path that does not exist', () => ({ path: scope.path() })],
    ['two addresses', (port) => ({ port, host: 'two.test', lookup: twoAddresses })],
    ['a name that does not exist', (port) => ({ port, host: 'no.test', lookup: noAddress })],
    ['the descriptor of a file', (port) => ({ port, host, fd: 0x7fffffff })],
    ['a path of a wrong type', () => ({ path: 1 })],
  ])('is rejected with the error of a socket for %s', async (_, makeOptions) => {
    const server = await scope.listen({});
    const { port } = server;
    await server.close();
    const options = makeOptions(port!);
    const expected = await errorOf(async () => {
      await once(net.connect(options as never), 'connect');
    });
    const close = jest.fn();
    const error = await errorOf(() => lean.connect(options as never, { close }));
    expect(expected.code).toEqual(expect.any(String));
    expect({ ...error, message: error.message }).toEqual({
      ...expected,
      message: expected.message,
    });
    expect(close).not.toHaveBeenCalled();
  });

  test.each<[string, () => object]>([
    ['to one address', () => ({ host })],
    ['after a race', () => ({ host: 'two.test', lookup: twoAddresses })],
    ['from a bound socket', () => ({ host, handle: new net.BoundSocket({ host }) })],
  ])('calls its handlers in the context of connect(), %s', async (_, makeOptions) => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const note = (): void => void seen.push(storage.getStore());
    const closed = deferred();
    const { port } = await scope.listen({ open: (connection) => connection.end('x') });
    const options = storage.run('options', makeOptions);
    await storage.run('connect', () =>
      lean.connect({ port: port!, ...options } as never, {
        open: note,
        data: note,
        end: note,
        close() {
          note();
          closed.resolve();
        },
      }),
    );
    await closed.promise;
    expect(seen).toEqual(['connect', 'connect', 'connect', 'connect']);
  });

  test('that is not readable gets its end after `open`', async () => {
    const { port } = await scope.listen({});
    const log: string[] = [];
    const closed = deferred();
    await lean.connect(
      { port: port!, host, readable: false },
      {
        open: () => log.push('open'),
        end: () => log.push('end'),
        close: () => closed.resolve(),
      },
    );
    await closed.promise;
    expect(log).toEqual(['open', 'end']);
  });

  test('that is not writable ends its side at once', async () => {
    const ended = deferred();
    const { port } = await scope.listen({ end: () => ended.resolve() });
    const connection = await lean.connect({ port: port!, host, writable: false }, {});
    expect(codeOf(() => connection.write('x'))).toBe('ERR_STREAM_WRITE_AFTER_END');
    await ended.promise;
  });

  test('is rejected, and calls no handler, if it is aborted while it connects', async () => {
    const { port } = await scope.listen({});
    const { signal, abort } = ((controller) => ({
      signal: controller.signal,
      abort: () => controller.abort(),
    }))(new AbortController());
    const handler = jest.fn();
    const handlers = { open: handler, close: handler };
    const connecting = lean.connect({ port: port!, host, signal }, handlers);
    // The system connects in the tick before.
    process.nextTick(abort);
    await expect(connecting).rejects.toMatchObject({ name: 'AbortError' });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(handler).not.toHaveBeenCalled();
  });

  test('publishes no socket', async () => {
    const { port } = await scope.listen({});
    const published = jest.fn();
    diagnostics.subscribe('net.client.socket', published);
    try {
      (await lean.connect({ port: port!, host }, {})).destroy();
    } finally {
      diagnostics.unsubscribe('net.client.socket', published);
    }
    expect(published).not.toHaveBeenCalled();
  });

  test('goes on if its handler `open` throws', async () => {
    const { stdout, code } = await runChild(leanEntry, async ({ net: module }) => {
      const { listen, connect } = module as unknown as typeof lean;
      const server = listen({ port: 0, host: '127.0.0.1' }, {});
      await server.ready;
      process.on('uncaughtException', ({ message }) => console.log(message));
      const connection = await connect(
        { port: server.port!, host: '127.0.0.1' },
        {
          open() {
            throw new Error('open');
          },
          close() {
            console.log('close');
            void server.close();
          },
        },
      );
      console.log('connected');
      connection.destroy();
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'open\nconnected\nclose\n' });
  });

  onUnix('is rejected if no descriptor is left, and can be made when there are some', async () => {
    const { stdout, stderr } = await runChild(
      leanEntry,
      async ({ net: module, takeDescriptors, args: [where] }) => {
        const { connect } = module as unknown as typeof lean;
        process.stdout.write('');
        const release = takeDescriptors();
        const failed = await connect(where, {}).catch(({ code, syscall }) => `${code} ${syscall}`);
        release();
        (await connect(where, {})).destroy();
        process.stdout.write(failed as string);
      },
      { args: [{ host, port: (await scope.listen({})).port }], under: fewDescriptors },
    );
    expect([stdout, stderr]).toEqual(['EMFILE connect', '']);
  });

  test.each(['tcp', 'unix', 'race'])('may be under way when its worker ends (%s)', async (kind) => {
    const path = kind === 'unix' ? scope.path() : undefined;
    const { port } = await scope.listen({}, path === undefined ? {} : { path });
    const where = path === undefined ? { port, host } : { path };
    const { code, stdout, stderr } = await runChild(
      leanEntry,
      async ({ require, args: [entry, options] }) => {
        const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
        const source = `
          const { connect } = require(${JSON.stringify(entry)});
          const options = ${JSON.stringify(options)};
          if (options.host === 'two.test') {
            const all = [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }];
            options.lookup = (host, _, answer) => answer(null, all);
          }
          const again = (connection) => connection.destroy();
          const dial = () => connect(options, { open: again, close: dial }).catch(dial);
          for (let i = 0; i < 20; i++) dial();
          require('node:worker_threads').parentPort.postMessage('');`;
        for (let round = 0; round < 3; round++) {
          const worker = new Worker(source, { eval: true });
          const ended = new Promise((resolve) => worker.once('exit', resolve));
          await new Promise((resolve) => worker.once('message', resolve));
          await worker.terminate();
          console.log(await ended);
        }
      },
      { args: [leanEntry.entry, kind === 'race' ? { port, host: 'two.test' } : where] },
    );
    expect([code, stdout, stderr]).toEqual([0, '1\n1\n1\n', '']);
  });

  test('stays open when garbage is collected', async () => {
    const { stdout, stderr } = await runChild(
      leanEntry,
      async ({ net: module, args: [where] }) => {
        const { connect } = module as unknown as typeof lean;
        const collect = (globalThis as unknown as { gc: () => void }).gc;
        let received = '';
        const closed = new Promise<void>((resolve) => {
          void connect(where, {
            open: (connection) => void setImmediate(() => connection.end('x')),
            data: (_, bytes) => void (received += bytes.toString()),
            close: () => resolve(),
          });
        });
        collect();
        await new Promise((resolve) => setImmediate(resolve));
        collect();
        await closed;
        console.log(received);
      },
      {
        args: [
          {
            host,
            port: (await scope.listen({ data: (peer, bytes) => void peer.write(bytes) })).port,
          },
        ],
        nodeFlags: ['--expose-gc'],
      },
    );
    expect([stdout, stderr]).toEqual(['x\n', '']);
  });
});
