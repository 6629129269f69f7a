import { EventEmitter } from 'node:events';
import type { BlockList } from 'node:net';
import { getDefaultHighWaterMark } from 'node:stream';
import { promisify } from 'node:util';
import { attemptProperties } from './internal/listen/attempts';
import { netModule } from './internal/base/builtins';
import { debug } from './internal/base/diagnostics';
import {
  ERR_INVALID_ARG_TYPE,
  ERR_SERVER_NOT_RUNNING,
  errnoException,
} from './internal/base/errors';
import { Handle } from './internal/native/handle';
import type { SocketName } from './internal/native/handle-events';
import type { TCP } from './internal/native/tcp';
import type { DetachOptions } from './internal/transfer/handover';
import { optionsPart } from './internal/options/part';
import { movesPart } from './internal/transfer/part';
import { wantHandles } from './internal/socket/receive-descriptors';
import { addressesPart } from './parts';
import { listen, setupListenHandle } from './internal/listen/listen';
import { keepServerOptions } from './internal/options/option-gate';
import {
  checkCloseOptions,
  closeProperties,
  markClosed,
  startGrace,
  type CloseOptions,
} from './internal/listen/server-close';
import { initializeLimits, limitProperties, stats } from './internal/listen/server-limits';
import type { ConnectionCounter, ServerImpl } from './internal/listen/server-state';
import type { SocketOptionName } from './internal/options/socket-option-types';
import { kAttemptTimeout } from './internal/base/symbols';
import type { PackedList } from './internal/transfer/block-lists';
import type * as declared from './types/server';
import type {
  ConnectionListener,
  ListenOptions,
  ServerConstructor,
  ServerOptions,
  ServerToken,
} from './types/server';
import { validateNumber } from './internal/base/validators';
import type { Socket } from './socket';

export type { ListenOptions, ServerOptions, ServerToken };

/** A TCP or pipe server with the interface of `net.Server`. */
export type Server = declared.Server;

function checkServerOptions(options: ServerOptions): void {
  if (options.keepAliveInitialDelay !== undefined) {
    validateNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    if (options.keepAliveInitialDelay < 0) options.keepAliveInitialDelay = 0;
  }
  if (options.highWaterMark !== undefined) {
    validateNumber(options.highWaterMark, 'options.highWaterMark');
    if (options.highWaterMark < 0) options.highWaterMark = getDefaultHighWaterMark(false);
  }
}

const isInstance = (value: unknown): boolean =>
  Object.prototype.isPrototypeOf.call(Server.prototype, value as object);

// As with `Socket`.
const { Server: ServerFunction } = {
  // eslint-disable-next-line object-shorthand -- a method cannot be constructed
  Server: function (
    this: unknown,
    options?: ServerOptions | ConnectionListener,
    connectionListener?: ConnectionListener,
  ): ServerImpl | undefined {
    if (!isInstance(this)) {
      return new Server(options as ServerOptions, connectionListener) as unknown as ServerImpl;
    }
    const server = this as ServerImpl;
    Reflect.apply(EventEmitter as unknown as () => void, server, []);

    let settings: ServerOptions;
    if (typeof options === 'function') {
      settings = {};
      server.on('connection', options);
    } else if (options == null || typeof options === 'object') {
      settings = { ...options };
      if (typeof connectionListener === 'function') server.on('connection', connectionListener);
    } else {
      throw new ERR_INVALID_ARG_TYPE('options', 'Object', options);
    }
    checkServerOptions(settings);
    keepServerOptions(server, settings);
    if (settings.handles) wantHandles(server);

    server._connections = 0;
    server._handle = null;
    server._usingWorkers = false;
    server._workers = [];
    server._unref = false;
    server._listeningId = 1;
    server[kAttemptTimeout] = 0;

    if (settings.connectionAttemptTimeout !== undefined) {
      (server as unknown as Server).connectionAttemptTimeout = settings.connectionAttemptTimeout;
    }

    server.allowHalfOpen = settings.allowHalfOpen || false;
    server.pauseOnConnect = Boolean(settings.pauseOnConnect);
    server.noDelay = Boolean(settings.noDelay);
    server.keepAlive = Boolean(settings.keepAlive);
    server.keepAliveInitialDelay = ~~(settings.keepAliveInitialDelay! / 1000);
    server.highWaterMark = settings.highWaterMark ?? getDefaultHighWaterMark(false);
    initializeLimits(server, settings);
    return undefined;
  },
};

export const Server = ServerFunction as unknown as ServerConstructor;
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);

/** What travels of the limits as it is. */
function limitsOf(server: Server): ServerOptions {
  const { maxConnectionsPerAddress, ipv6PrefixLength, acceptRate, limitGroup } = server;
  const { proxyProtocol, proxyHeaderTimeout, connectionAttemptTimeout } = server;
  return {
    maxConnectionsPerAddress,
    ipv6PrefixLength,
    acceptRate,
    limitGroup,
    proxyProtocol,
    proxyHeaderTimeout,
    connectionAttemptTimeout,
  };
}

const serverMethods = {
  listen,
  _listen2: setupListenHandle,

  address(this: ServerImpl): SocketName | string | null {
    const handle = this._handle as TCP | null;
    if (handle?.getsockname) {
      const name: SocketName = {};
      const status = handle.getsockname(name);
      if (status !== 0) throw errnoException(status, 'address');
      return name;
    }
    return this._pipeName || null;
  },

  getConnections(this: ServerImpl, cb: (error: Error | null, count?: number) => void): ServerImpl {
    const end = (error: Error | null, count?: number): void => process.nextTick(cb, error, count);
    if (!this._usingWorkers) {
      end(null, this._connections);
      return this;
    }
    let left = this._workers.length;
    let total = this._connections;
    for (const worker of this._workers) {
      worker.getConnections((error, count) => {
        if (error) {
          left = -1;
          end(error);
          return;
        }
        total += count;
        if (--left === 0) end(null, total);
      });
    }
    return this;
  },

  close(
    this: ServerImpl,
    cb?: ((error?: Error) => void) | CloseOptions,
    ...[callback]: ((error?: Error) => void)[]
  ): ServerImpl {
    let options: CloseOptions | undefined;
    // Objects of other kinds are ignored, as in node:net.
    if (typeof cb === 'object' && cb !== null && ('grace' in cb || 'idle' in cb)) {
      checkCloseOptions(cb);
      options = cb;
      cb = callback;
    }
    this._listeningId++;
    if (typeof cb === 'function') {
      if (this._handle === null) this.once('close', () => cb(new ERR_SERVER_NOT_RUNNING()));
      else this.once('close', cb);
    }
    if (this._handle !== null) {
      this._handle.close();
      this._handle = null;
    }
    if (options !== undefined) startGrace(this, options);
    if (!this._usingWorkers) {
      this._emitCloseIfDrained();
      return this;
    }
    let left = this._workers.length;
    // Keeps 'close' to one, even if the last socket ends while the workers are asked.
    this._connections++;
    for (const worker of this._workers) {
      worker.close(() => {
        if (--left !== 0) return;
        this._connections = 0;
        this._emitCloseIfDrained();
      });
    }
    return this;
  },

  _emitCloseIfDrained(this: ServerImpl): void {
    if (this._handle !== null || this._connections > 0) return;
    process.nextTick(() => {
      debug('server: emit close');
      markClosed(this);
      this.emit('close');
    });
  },

  _setupWorker(this: ServerImpl, socketList: ConnectionCounter): void {
    this._usingWorkers = true;
    this._workers.push(socketList);
    socketList.once('exit', (list) => {
      this._workers.splice(this._workers.indexOf(list), 1);
    });
  },

  detach(this: ServerImpl, options: DetachOptions = {}): ServerToken {
    const handle = this._handle;
    if (!(handle instanceof Handle)) throw new ERR_SERVER_NOT_RUNNING();
    const token = movesPart().makeToken('server', handle, options, {
      settings: {
        allowHalfOpen: this.allowHalfOpen,
        pauseOnConnect: this.pauseOnConnect,
        noDelay: this.noDelay,
        keepAlive: this.keepAlive,
        keepAliveInitialDelay: this.keepAliveInitialDelay * 1000,
        highWaterMark: this.highWaterMark,
        ...limitsOf(this as unknown as Server),
      },
      blockList: movesPart().packList((this as unknown as Server).blockList),
      proxyFrom: movesPart().packList((this as unknown as Server).proxyFrom),
      path: this._pipeName,
      maxConnections: this.maxConnections,
      ref: !this._unref,
    });
    this.close();
    return token;
  },

  setOption(this: ServerImpl, name: SocketOptionName, value: unknown): ServerImpl {
    return optionsPart().setServerOption(this, name, value);
  },

  getOption(this: ServerImpl, name: SocketOptionName): unknown {
    return optionsPart().getServerOption(this, name);
  },

  ref(this: ServerImpl): ServerImpl {
    this._unref = false;
    this._handle?.ref();
    return this;
  },

  unref(this: ServerImpl): ServerImpl {
    this._unref = true;
    this._handle?.unref();
    return this;
  },

  [EventEmitter.captureRejectionSymbol](
    this: ServerImpl,
    error: Error,
    event: string,
    socket: Socket,
  ): void {
    if (event === 'connection') socket.destroy(error);
    else this.emit('error', error);
  },
};
Object.assign(Server.prototype, serverMethods);
Object.defineProperties(Server.prototype, limitProperties);
Object.defineProperties(Server.prototype, closeProperties);
Object.defineProperties(Server.prototype, attemptProperties);
Object.defineProperty(Server.prototype, 'stats', {
  configurable: true,
  writable: true,
  value: stats,
});

// As for sockets: core's servers (http, https, tls) are instances too.
Object.defineProperty(Server, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    if (this !== Server) return Function.prototype[Symbol.hasInstance].call(this, value);
    return isInstance(value) || value instanceof netModule().Server;
  },
});

/** Throws where the list is not shared any more: then there must be no server either. */
const unpackList = (packed: PackedList): BlockList | undefined =>
  typeof packed === 'string' ? addressesPart().BlockList.from(packed) : packed;

function attach(
  this: ServerConstructor,
  token: ServerToken,
  options?: ServerOptions | ConnectionListener,
  connectionListener?: ConnectionListener,
): Server {
  const [own, listener] =
    typeof options === 'function' ? [undefined, options] : [options, connectionListener];
  const { checkToken, takeToken } = movesPart();
  checkToken(token, 'server');
  const server = new this(
    {
      ...token.settings,
      ...own,
      blockList: own?.blockList ?? unpackList(token.blockList),
      proxyFrom: own?.proxyFrom ?? unpackList(token.proxyFrom),
    },
    listener,
  );
  const handle = takeToken(token, 'server');
  const impl = server as unknown as ServerImpl;
  if (token.path !== undefined) impl._pipeName = token.path;
  if (token.maxConnections !== undefined) impl.maxConnections = token.maxConnections;
  impl._unref = !token.ref;
  return server.listen(handle);
}
Object.defineProperty(Server, 'attach', { value: attach, writable: true, configurable: true });

const { asyncDispose } = Symbol as unknown as { asyncDispose?: symbol };
if (asyncDispose !== undefined) {
  Object.assign(Server.prototype, {
    async [asyncDispose](this: ServerImpl): Promise<void> {
      if (this._handle !== null) await promisify(this.close).call(this);
    },
  });
}

Object.defineProperty(Server.prototype, 'listening', {
  configurable: true,
  enumerable: true,
  get(this: ServerImpl): boolean {
    return this._handle !== null;
  },
});

/** Makes a server; the listener is added for 'connection'. */
export function createServer(
  options?: ServerOptions | ConnectionListener,
  connectionListener?: ConnectionListener,
): Server {
  return new Server(options as ServerOptions, connectionListener);
}
