// Differences from node:net in the effect of an AbortSignal on a socket.
import { getEventListeners, setMaxListeners } from 'node:events';
import type { Server, Socket } from 'node:net';

import { errorShape } from '../helpers/errors';
import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { lean, LeanScope } from '../helpers/lean';
import { endpointOf, Scope } from '../helpers/scope';

const { net } = uvnet!;
const scope = new Scope(net);
const leanScope = new LeanScope();
afterEach(() => Promise.all([scope.dispose(), leanScope.dispose()]));

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;
const EVENTS = new Set(['connect', 'error', 'close']);
const trace = (socket: Socket): string[] => {
  const log: string[] = [];
  traceEvents(log, socket, '', EVENTS);
  socket.on('error', () => {});
  return log;
};

let server: Server;
beforeEach(async () => {
  server = await scope.listen(scope.server((connection) => connection.on('error', () => {})));
});

test('a signal has one listener for each open socket, and none for a closed one', async () => {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const sockets = [];
  for (let n = 0; n < 20; n++) {
    const socket = scope.connect({ ...endpointOf(server), signal } as never);
    await nextEvent(socket, 'connect');
    sockets.push(socket);
    expect(listeners(signal)).toBe(sockets.length);
  }
  for (const socket of sockets) {
    socket.destroy();
    await nextEvent(socket, 'close');
  }
  expect(listeners(signal)).toBe(0);
});

test('a socket that fails to connect removes its listener', async () => {
  const { signal } = new AbortController();
  const socket = scope.connect({ port: 1, host: '127.0.0.1', signal } as never);
  socket.on('error', () => {});
  await nextEvent(socket, 'close');
  expect(listeners(signal)).toBe(0);
});

describe.each([
  [
    'net.connect',
    (signal: AbortSignal) => scope.connect({ ...endpointOf(server), signal } as never),
  ],
  [
    'new Socket',
    (signal: AbortSignal) => scope.track(new net.Socket({ signal })).connect(endpointOf(server)),
  ],
])('%s with a signal that is aborted', (_name, connect) => {
  test('fails and does not connect', async () => {
    const reason = new Error('why');
    const socket = connect(AbortSignal.abort(reason));
    const log = trace(socket);
    const closed = nextEvent(socket, 'close');
    const [error] = await nextEvent(socket, 'error');
    await closed;
    expect(errorShape(error)).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    expect((error as Error).cause).toBe(reason);
    await nextTurn();
    expect(log).toEqual(['error ABORT_ERR', 'close']);
    expect(socket.readyState).toBe('closed');
    expect(socket.connecting).toBe(false);
  });

  test('rejects each later connect() in the same way', async () => {
    const socket = connect(AbortSignal.abort());
    const log = trace(socket);
    await nextEvent(socket, 'close');
    socket.connect(endpointOf(server));
    await nextEvent(socket, 'close');
    await nextTurn();
    expect(log).toEqual(['error ABORT_ERR', 'close', 'error ABORT_ERR', 'close']);
  });
});

test('a socket that connects again is still under its signal', async () => {
  const controller = new AbortController();
  const socket = scope.track(new net.Socket({ signal: controller.signal }));
  const log = trace(socket);
  for (let life = 0; life < 2; life++) {
    socket.connect(endpointOf(server));
    await nextEvent(socket, 'connect');
    expect(listeners(controller.signal)).toBe(1);
    if (life === 0) {
      socket.destroy();
      await nextEvent(socket, 'close');
    }
  }
  controller.abort();
  await nextEvent(socket, 'close');
  expect(log.slice(-2)).toEqual(['error ABORT_ERR', 'close true']);
  expect(listeners(controller.signal)).toBe(0);
});

test('an abort during the lookup ends the connect', async () => {
  const controller = new AbortController();
  let answer: (() => void) | undefined;
  const socket = scope.connect({
    ...endpointOf(server),
    host: 'a.example',
    signal: controller.signal,
    lookup: (_host: string, _options: object, done: (...result: unknown[]) => void) => {
      answer = () => done(null, [{ address: '127.0.0.1', family: 4 }]);
    },
  } as never);
  const log = trace(socket);
  controller.abort();
  answer!();
  await nextEvent(socket, 'close');
  await nextTurn();
  expect(log).toEqual(['error ABORT_ERR', 'close true']);
});

describe('lean.connect', () => {
  const connectTo = (signal: AbortSignal, handlers = {}): ReturnType<typeof lean.connect> =>
    lean.connect(
      { ...(endpointOf(server) as { port: number }), host: '127.0.0.1', signal },
      handlers,
    );

  test('rejects if the signal is aborted', async () => {
    await expect(connectTo(AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });

  test('ends the connection when the signal is aborted later', async () => {
    const controller = new AbortController();
    const reason = new Error('why');
    const closed = new Promise<Error | undefined>((resolve) => {
      void connectTo(controller.signal, {
        open: () => controller.abort(reason),
        close: (_connection: unknown, error?: Error) => resolve(error),
      });
    });
    const error = await closed;
    expect(errorShape(error)).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    expect(error!.cause).toBe(reason);
    expect(listeners(controller.signal)).toBe(0);
  });

  test('removes its listener when the connection is closed or becomes a socket', async () => {
    const { signal } = new AbortController();
    const closed = await connectTo(signal);
    expect(listeners(signal)).toBe(1);
    closed.destroy();
    const upgraded = await connectTo(signal);
    scope.track(upgraded.toSocket() as unknown as Socket);
    expect(listeners(signal)).toBe(0);
  });
});
