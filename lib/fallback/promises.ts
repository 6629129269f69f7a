import { Buffer } from 'node:buffer';
import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import {
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_STATE,
  ERR_SERVER_NOT_RUNNING,
  ERR_SOCKET_CLOSED,
} from '../internal/base/errors';
import { validateInteger } from '../internal/base/validators';
import type { SystemError } from '../internal/base/system-errors';
import type { DropData } from '../internal/listen/accept';
import type { FramingNumbers } from '../internal/native/native-types';
import type { Backend, ListenHandlers, ListeningSocket } from '../promises/backend';
import { MessageCutter } from '../promises/cutter';
import { checkChunks, checkData } from '../promises/operation';
import type { Transport, TransportHandlers } from '../promises/transport';
import { kMisframed } from '../lean/options/framing';
import { checkNames } from '../lean/options/known-options';
import { connectNames, listenNames } from '../lean/options/option-names';
import type { LeanListenOptions } from '../lean/server';
import type { Endpoint, Socket } from '../types/interfaces';
import { createServer } from './server';
import { connect, Socket as FallbackSocket } from './socket';
import { unavailable } from './unavailable';

/** What `uvnet/promises` stands on without the native code: sockets and servers of `node:net`. */

function endpoint(address?: string, port?: number, family?: string): Endpoint {
  return address === undefined ? {} : { address, port: port!, family: family! };
}

const bytesOf = (data: Buffer | string, encoding: BufferEncoding | null): Buffer =>
  typeof data === 'string' ? Buffer.from(data, encoding ?? 'utf8') : data;

/** Sockets that a stream has taken. */
const taken = new WeakSet<nodeNet.Socket>();

/** A socket of `node:net` as a stream's transport. */
class SocketTransport implements Transport {
  data: unknown = undefined;
  readonly remote: Endpoint;
  readonly proxyInfo = undefined;
  private cutter: MessageCutter | undefined = undefined;
  private failure: Error | undefined = undefined;
  private given = false;

  constructor(
    readonly socket: nodeNet.Socket,
    private readonly handlers: TransportHandlers,
  ) {
    const { remoteAddress, remotePort, remoteFamily } = socket;
    this.remote = endpoint(remoteAddress, remotePort, remoteFamily);
    this.attach();
  }

  private readonly listeners: Record<string, (argument: never) => void> = {
    data: (data: Buffer | string) => this.deliver(bytesOf(data, this.socket.readableEncoding)),
    drain: () => this.handlers.drain(this),
    finish: () => this.handlers.finish(this),
    end: () => this.onEnd(),
    error: (error: Error) => {
      this.failure = error;
    },
    close: () => {
      if (!this.given) this.handlers.close(this, this.failure);
    },
  };

  get isOpen(): boolean {
    return !this.given && !this.socket.destroyed;
  }

  get local(): Endpoint {
    const { localAddress, localPort, localFamily } = this.socket;
    return endpoint(localAddress, localPort, localFamily);
  }

  get bytesRead(): number {
    return this.socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.socket.bytesWritten;
  }

  get writableLength(): number {
    return this.socket.writableLength;
  }

  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    checkData(data);
    return this.socket.write(data, encoding);
  }

  writev(chunks: readonly (string | Uint8Array)[]): boolean {
    checkChunks(chunks);
    this.socket.cork();
    let more = true;
    try {
      for (const chunk of chunks) more = this.socket.write(chunk);
    } finally {
      this.socket.uncork();
    }
    return more;
  }

  end(): void {
    this.socket.end();
  }

  destroySoon(): void {
    this.socket.destroySoon();
  }

  destroy(error?: Error): void {
    if (!this.given) this.socket.destroy(error);
  }

  resetAndDestroy(): void {
    if (!this.given) netModule().Socket.prototype.resetAndDestroy.call(this.socket);
  }

  pause(): void {
    if (!this.given) this.socket.pause();
  }

  resume(): void {
    if (this.given) return;
    this.socket.resume();
    if (this.cutter?.error !== undefined) this.onMisframed(this.cutter.error);
  }

  ref(): void {
    if (!this.given) this.socket.ref();
  }

  unref(): void {
    if (!this.given) this.socket.unref();
  }

  frame(framing: FramingNumbers, unread: Buffer): void {
    this.cutter = new MessageCutter(framing);
    this.resume();
    this.deliver(unread);
  }

  unframe(): Buffer {
    const rest = this.cutter!.takeRest();
    this.cutter = undefined;
    this.resume();
    // It was not told of the end if that came in the middle of a message.
    if (this.socket.readableEnded) process.nextTick(() => this.handlers.end(this));
    return rest;
  }

  /** @throws ERR_INVALID_STATE */
  release(unread: Buffer): nodeNet.Socket {
    const { socket } = this;
    if (socket.writableEnded) throw new ERR_INVALID_STATE('this side of the connection has ended');
    this.given = true;
    taken.delete(socket);
    for (const [name, listener] of Object.entries(this.listeners)) {
      socket.off(name, listener as () => void);
    }
    // It flows again when somebody listens.
    socket.pause();
    (socket as { readableFlowing: boolean | null }).readableFlowing = null;
    if (unread.length === 0) return socket;
    const { readableEnded } = socket;
    if (readableEnded) {
      // The end follows once more, behind these bytes.
      Object.assign(Reflect.get(socket, '_readableState') as object, {
        ended: false,
        endEmitted: false,
      });
    }
    socket.unshift(unread);
    if (readableEnded) socket.push(null);
    return socket;
  }

  private attach(): void {
    for (const [name, listener] of Object.entries(this.listeners)) {
      this.socket.on(name, listener as () => void);
    }
  }

  private deliver(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.cutter === undefined) {
      this.handlers.data(this, bytes);
      return;
    }
    for (const message of this.cutter.push(bytes)) this.handlers.data(this, message);
    if (this.cutter.error !== undefined) this.onMisframed(this.cutter.error);
  }

  private onMisframed(error: Error): void {
    this.handlers[kMisframed](this);
    if (!this.socket.isPaused()) this.destroy(error);
  }

  private onEnd(): void {
    this.cutter?.end();
    if (this.cutter?.error !== undefined) this.onMisframed(this.cutter.error);
    else this.handlers.end(this);
  }
}

/** A server of `node:net` for streams. */
class NodeListener implements ListeningSocket {
  readonly ready: Promise<void>;
  whenClosing: () => void = () => {};
  private readonly server: nodeNet.Server;

  constructor(options: LeanListenOptions, handlers: ListenHandlers) {
    checkNames(options, listenNames);
    const server = createServer(options, (socket) => {
      handlers.open(new SocketTransport(socket, handlers));
    });
    this.server = server;
    const close = server.close.bind(server);
    // In a cluster, Node closes it when the worker disconnects.
    server.close = (callback) => {
      this.whenClosing();
      return close(callback);
    };
    server.on('error', (error) => {
      if (server.listening) handlers.acceptError(error as SystemError);
    });
    if (options.maxConnections !== undefined) {
      validateInteger(options.maxConnections, 'options.maxConnections', 0);
      this.server.maxConnections = options.maxConnections;
    }
    // Node closes a refused connection after this event: a handler that throws must not keep it open.
    this.server.on('drop', (info) => process.nextTick(() => handlers.drop(info as DropData)));
    this.ready = new Promise((resolve, reject) => {
      this.server.once('listening', resolve);
      this.server.once('error', reject);
      this.server.once('close', () => reject(new ERR_SERVER_NOT_RUNNING()));
    });
    // Who has closed it before it listened may well not wait for it any more.
    this.ready.catch(() => {});
    this.server.listen(options as nodeNet.ListenOptions);
  }

  address(): nodeNet.AddressInfo | string | null {
    return this.server.address();
  }

  stats(): never {
    return unavailable('listener.stats()');
  }

  /** `node:net` accepts whatever comes. */
  pauseAccepting(): void {}

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }

  ref(): void {
    this.server.ref();
  }

  unref(): void {
    this.server.unref();
  }
}

const socketOf = (transport: Transport): SocketTransport => transport as SocketTransport;

export const nodeSockets: Backend = {
  connect: (options, handlers) =>
    new Promise((resolve, reject) => {
      checkNames(options, connectNames);
      const socket = connect(options);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        const transport = new SocketTransport(socket, handlers);
        handlers.open(transport);
        resolve(transport);
      });
    }),

  listen: (options, handlers) => new NodeListener(options, handlers),
  checkClose: () => unavailable('listener.close(options)'),

  adopt(socket, handlers) {
    if (!(socket instanceof FallbackSocket)) {
      throw new ERR_INVALID_ARG_TYPE('socket', 'Socket', socket);
    }
    const { destroyed, pending, readableEnded } = socket as nodeNet.Socket;
    if (destroyed || taken.has(socket)) throw new ERR_SOCKET_CLOSED();
    if (pending) throw new ERR_INVALID_STATE('the socket is not connected');
    taken.add(socket);
    // Whoever had the socket does not hear of what comes from now on.
    socket.removeAllListeners('data').removeAllListeners('readable').setTimeout(0);
    (socket as nodeNet.Socket).allowHalfOpen = true;
    const transport = new SocketTransport(socket, handlers);
    socket.resume();
    if (readableEnded) process.nextTick(() => handlers.end(transport));
    return transport;
  },

  frame: (transport, framing, unread) => socketOf(transport).frame(framing, unread),
  unframe: (transport) => [socketOf(transport).unframe()],

  toSocket(transport, unread) {
    return socketOf(transport).release(unread) as unknown as Socket;
  },

  setOption: () => unavailable('stream.setOption()'),
  getOption: () => unavailable('stream.getOption()'),
  info: () => unavailable('stream.info()'),
};
