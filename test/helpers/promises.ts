// For cases about uvnet/promises, which run on the native code and on node:net (the fallback).
import nodeNet from 'node:net';

import { nextEvent } from './events';
import { uvnet } from './implementations';
import { Scope, type Transport } from './scope';

export type Promises = typeof import('../../lib/promises');
export type Stream = import('../../lib/promises').Stream;
export type Listener = import('../../lib/promises').Listener;
type ConnectOptions = import('../../lib/promises').ConnectOptions;
type ListenOptions = import('../../lib/promises').ListenOptions;

if (uvnet === undefined) throw new Error('uvnet is not there');

function overNodeNet(): Promises {
  let loaded: Promises | undefined;
  jest.isolateModules(() => {
    const { useBackend } =
      require('../../lib/promises/backend') as typeof import('../../lib/promises/backend');
    const { nodeSockets } =
      require('../../lib/fallback/promises') as typeof import('../../lib/fallback/promises');
    useBackend(nodeSockets);
    loaded = {
      ...(require('../../lib/promises/connect') as typeof import('../../lib/promises/connect')),
      ...(require('../../lib/promises/listener') as typeof import('../../lib/promises/listener')),
      ...(require('../../lib/promises/serve') as typeof import('../../lib/promises/serve')),
      ...(require('../../lib/promises/stream') as typeof import('../../lib/promises/stream')),
    };
  });
  return loaded!;
}

export interface PromisesContext {
  promises: Promises;
  isNative: boolean;
  /** Opens what a case needs, and closes it after the case. */
  scope: PromisesScope;
}

const source = process.env.UVNET_TEST_ENTRY === undefined;
const backends: { name: string; isNative: boolean; promises: Promises }[] = [
  {
    name: 'native',
    isNative: true,
    promises: source
      ? (require('../../lib/promises') as Promises)
      : (require(uvnet.entry.replace(/index\.js$/, 'promises.js')) as Promises),
  },
  ...(source ? [{ name: 'over node:net', isNative: false, promises: overNodeNet() }] : []),
];

/** `describe` for each backend. */
export function describePromises(topic: string, body: (context: PromisesContext) => void): void {
  describe.each(backends)(`${topic} ($name)`, ({ promises, isNative }) => {
    const scope = new PromisesScope(promises);
    afterEach(() => scope.dispose());
    body({ promises, isNative, scope });
  });
}

/** What `describePromises` runs on, for what only one of them has. */
export const native = backends[0]!.promises;

export class PromisesScope {
  private readonly streams = new Set<Stream>();
  private readonly listeners = new Set<Listener>();
  readonly sockets = new Scope(nodeNet);

  constructor(private readonly promises: Promises) {}

  track<One extends Stream>(stream: One): One {
    this.streams.add(stream);
    return stream;
  }

  async listen(options: ListenOptions = {}): Promise<Listener> {
    const where = options.path === undefined ? { port: 0, host: '127.0.0.1' } : {};
    const listener = await this.promises.listen({ ...where, ...options });
    this.listeners.add(listener);
    return listener;
  }

  async connect(options: ConnectOptions): Promise<Stream> {
    return this.track(await this.promises.connect(options));
  }

  /** A socket of node:net that is connected to the listener. */
  async knock(listener: Listener, options: object = {}): Promise<nodeNet.Socket> {
    const address = listener.address();
    const where = typeof address === 'string' ? { path: address } : { port: listener.port! };
    const socket = this.sockets.connect({ host: '127.0.0.1', ...where, ...options } as never);
    await nextEvent(socket, 'connect');
    return socket;
  }

  /** A stream that has connected, and its peer, a socket of node:net that is half-open. */
  async pair(
    options: ConnectOptions = {},
    transport: Transport = 'tcp',
  ): Promise<{ stream: Stream; peer: nodeNet.Socket }> {
    const server = this.sockets.server({ allowHalfOpen: true });
    await this.sockets.listen(server, this.sockets.listenOptions(transport));
    const accepted = nextEvent(server, 'connection');
    const address = server.address();
    const where = typeof address === 'string' ? { path: address } : { port: address!.port };
    const host = transport === 'tcp6' ? '::1' : '127.0.0.1';
    const stream = await this.connect({ host, ...where, ...options });
    const [peer] = (await accepted) as [nodeNet.Socket];
    peer.on('error', () => {});
    return { stream, peer };
  }

  async dispose(): Promise<void> {
    for (const stream of this.streams) stream.destroy();
    const closed = [...this.listeners].map((listener) => listener.close());
    await this.sockets.dispose();
    await Promise.all([
      ...closed,
      ...[...this.streams].map(({ closed: one }) => one.catch(() => {})),
    ]);
    this.streams.clear();
    this.listeners.clear();
  }
}

/** Waits, over as many turns of the event loop as it takes. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** All that a stream brings. */
export async function readToEnd(stream: Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error('the promise was fulfilled');
}
