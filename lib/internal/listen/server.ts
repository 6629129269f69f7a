import { EventEmitter } from 'node:events';
import { getDefaultHighWaterMark } from 'node:stream';
import { promisify } from 'node:util';
import { netModule } from '../base/builtins';
import { debug } from '../base/diagnostics';
import { ERR_INVALID_ARG_TYPE, ERR_SERVER_NOT_RUNNING } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { isMadeBy } from '../base/made-by';
import { kAttemptTimeout } from '../base/symbols';
import { validateNumber } from '../base/validators';
import type { SocketName } from '../native/handle-events';
import type { TCP } from '../native/tcp';
import { keepServerOptions } from '../options/lazy-options';
import { optionsPart } from '../options/part';
import type { SocketOptionName } from '../options/socket-option-types';
import { wantDescriptors } from '../socket/receive-descriptors';
import type { SocketImpl } from '../socket/socket-state';
import { admissionProperties } from './admission';
import { listeningPart, setupListenHandle } from './part';
import { checkCloseOptions, closeProperties, endGrace, startGrace } from './server-close';
import { initializeLimits, limitProperties, stats } from './server-limits';
import type { ServerOptions } from './server-options';
import type { CloseOptions, ConnectionCounter, ServerImpl } from './server-impl';

/** The class of servers. lib/server.ts adds the transfer to another thread. */
export interface ServerClass {
  new (options?: ServerOptions | Listener, connectionListener?: Listener): ServerImpl;
  readonly prototype: ServerImpl;
}

type Listener = (socket: SocketImpl) => void;

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

// As with `Socket`.
const { Server: ServerFunction } = {
  // eslint-disable-next-line object-shorthand -- a method cannot be constructed
  Server: function (
    this: unknown,
    options?: ServerOptions | Listener,
    connectionListener?: Listener,
  ): ServerImpl | undefined {
    if (!isMadeBy(Server, this)) {
      return new Server(options, connectionListener);
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
    if (settings.receiveDescriptors) wantDescriptors(server);

    server._connections = 0;
    server._handle = null;
    server._usingWorkers = false;
    server._workers = [];
    server._unref = false;
    server._listeningId = 1;
    server[kAttemptTimeout] = 0;

    if (settings.connectionAttemptTimeout !== undefined) {
      server.connectionAttemptTimeout = settings.connectionAttemptTimeout;
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

export const Server = ServerFunction as unknown as ServerClass;
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);

const serverMethods = {
  listen(this: ServerImpl, ...args: unknown[]): ServerImpl {
    let part;
    try {
      part = listeningPart();
    } catch (error) {
      // No descriptor is free, for example. A listen that needs one fails in the same way.
      process.nextTick(() => this.emit('error', error));
      return this;
    }
    return part.listen.apply(this, args);
  },

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
    if (typeof cb === 'object' && cb !== null && ('gracePeriod' in cb || 'idleTimeout' in cb)) {
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
    // Ensures that 'close' is emitted once, even if the last socket ends while the workers are
    // asked.
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
      endGrace(this);
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
    socket: SocketImpl,
  ): void {
    if (event === 'connection') socket.destroy(error);
    else this.emit('error', error);
  },
};
Object.assign(Server.prototype, serverMethods);
Object.defineProperties(Server.prototype, limitProperties);
Object.defineProperties(Server.prototype, closeProperties);
Object.defineProperties(Server.prototype, admissionProperties);
Object.defineProperty(Server.prototype, 'stats', {
  configurable: true,
  writable: true,
  value: stats,
});

// As with sockets, Node's servers (http, https, tls) count as instances.
Object.defineProperty(Server, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    if (this !== Server) return Function.prototype[Symbol.hasInstance].call(this, value);
    return isMadeBy(Server, value) || value instanceof netModule().Server;
  },
});

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
