import type * as nodeNet from 'node:net';
import { Duplex } from 'node:stream';
import { types } from 'node:util';
import type { SocketToken } from './internal/transfer/bridge';
import { netModule } from './internal/base/builtins';
import { openHandle } from './internal/native/descriptor';
import {
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
  errnoException,
} from './internal/base/errors';
import { adoptCoreHandle, isCoreHandle } from './internal/transfer/foreign';
import { Handle } from './internal/native/handle';
import type { DetachOptions } from './internal/transfer/handover';
import { isBlockList } from './internal/block-list/list-id';
import { isBoundSocket } from './internal/native/bound-handle';
import { optionsPart } from './internal/options/part';
import { movesPart } from './internal/transfer/part';
import { wantHandles } from './internal/socket/receive-descriptors';
import { leanPart, passedHandlePart } from './parts';
import { keepTypeOfService } from './internal/options/option-gate';
import { namesOption } from './internal/options/option-names';
import type { ProxyInfo } from './internal/proxy/proxy-info';
import { readMethods } from './internal/socket/read-path';
import { AcceptedSocketOptions } from './internal/socket/accepted-options';
import { adoptHandle, coreMethods } from './internal/socket/socket-core';
import { watchSignal } from './internal/socket/signal';
import type { PeerCredentials, SocketInfo } from './internal/options/socket-info';
import type { SocketOptionName } from './internal/options/socket-option-types';
import type { SocketImpl } from './internal/socket/socket-state';
import {
  kArmedFor,
  kBoundPath,
  kBoundSource,
  kBuffer,
  kBufferCallback,
  kBufferGenerator,
  kBytesRead,
  kBytesWritten,
  kDispatched,
  kHandle,
  kKeepAlive,
  kLastWriteQueueSize,
  kNoDelay,
  kOnDescriptor,
  kOnPeek,
  kProxy,
  kShutdownCallback,
  kTakeHandle,
  kTimedOut,
  kTimer,
  kTouched,
  kTypeOfService,
  kWriteCallback,
} from './internal/base/symbols';
import { timeoutMethods } from './internal/socket/timeouts';
import type * as declared from './types/socket';
import type { SocketConstructor, SocketOptions } from './types/socket';
import { validateAbortSignal, validateNumber } from './internal/base/validators';
import type { Connection } from './lean/connection';
import type { ConnectionOptions } from './lean/group';
import type { Handlers } from './lean/handlers';
import { writeAfterFin, writeGetters, writeMethods } from './internal/socket/write-path';

export type { SocketOptions };

/** A TCP or pipe connection: a `stream.Duplex` with the interface of `net.Socket`. */
export type Socket = declared.Socket;

function checkSocketOptions(options: SocketOptions | undefined): void {
  if (options == null) return;
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode'] as const) {
    if (options[name]) {
      throw new ERR_INVALID_ARG_VALUE(`options.${name}`, options[name], 'is not supported');
    }
  }
  if (options.keepAliveInitialDelay !== undefined) {
    validateNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    if (options.keepAliveInitialDelay < 0) options.keepAliveInitialDelay = 0;
  }
}

/** Gives the socket the handle its options name. True where that is connected. */
function takeHandle(socket: SocketImpl, options: SocketOptions): boolean {
  const { handle } = options;
  if (handle instanceof Handle) {
    socket[kHandle] = handle;
    return true;
  }
  if (isBoundSocket(handle)) {
    const path = handle[kBoundPath];
    socket[kHandle] = handle[kTakeHandle]();
    socket[kBoundSource] = true;
    if (path !== undefined) {
      socket[kBoundPath] = path;
      // bind() gives a pipe its descriptor, but only open() makes it a stream.
      const { fd } = socket[kHandle];
      const status = fd >= 0 ? socket[kHandle].open(fd) : 0;
      if (status !== 0) throw errnoException(status, 'open');
    }
    return false;
  }
  if (handle) {
    socket[kHandle] = isCoreHandle(handle) ? adoptCoreHandle(handle) : (handle as Handle);
    return true;
  }
  if (options.fd !== undefined) {
    socket[kHandle] = openHandle(options.fd);
    return true;
  }
  return false;
}

function takeUserBuffer(socket: SocketImpl, { onread }: SocketOptions): void {
  if (onread === null || typeof onread !== 'object') return;
  const { buffer, callback } = onread;
  const generator = typeof buffer === 'function';
  if (typeof callback !== 'function' || !(generator || types.isUint8Array(buffer))) return;
  if (generator) {
    // Until the handle asks for the first one it only has to be there.
    socket[kBuffer] = new Uint8Array(0);
    socket[kBufferGenerator] = buffer;
  } else {
    socket[kBuffer] = buffer;
  }
  socket[kBufferCallback] = callback;
}

/** On 'end': from now on a write is told who ended the connection. */
function onReadableEnd(this: SocketImpl): void {
  if (!this.allowHalfOpen) this.write = writeAfterFin as never;
}

/** What few sockets ever do; see part.ts of their rooms. */
const rareMethods = {
  setOption(this: SocketImpl, name: SocketOptionName, value: unknown): SocketImpl {
    return optionsPart().setOption(this, name, value);
  },

  getOption(this: SocketImpl, name: SocketOptionName): unknown {
    return optionsPart().getOption(this, name);
  },

  info(this: SocketImpl): SocketInfo | undefined {
    return optionsPart().info(this);
  },

  peerCredentials(this: SocketImpl): PeerCredentials | undefined {
    return optionsPart().peerCredentials(this);
  },

  toNode(this: SocketImpl): nodeNet.Socket {
    return movesPart().toNode(this);
  },

  detach(this: SocketImpl, options: DetachOptions = {}): SocketToken {
    return movesPart().detach(this, options);
  },

  toLean(this: Socket, handlers: Handlers, options?: ConnectionOptions): Connection {
    return leanPart().toLean(this, handlers, options);
  },

  peek(this: SocketImpl, size: number): Promise<Buffer> {
    return movesPart().peek(this, size);
  },

  [kOnPeek](this: SocketImpl, result: Buffer | number): void {
    movesPart().endPeek(this, result);
  },

  sendHandle(
    this: SocketImpl,
    payload: unknown,
    handle: unknown,
    callback?: (error?: Error | null) => void,
  ): boolean {
    return movesPart().sendHandle(this, payload, handle, callback);
  },

  [kOnDescriptor](this: SocketImpl, fd: number, position: number): void {
    passedHandlePart().emitHandle(this, fd, position);
  },
};

const isInstance = (value: unknown): boolean =>
  Object.prototype.isPrototypeOf.call(Socket.prototype, value as object);

/**
 * What most sockets never change. It stands on the prototype, so that it costs a connection
 * nothing until it is assigned.
 */
const defaults = {
  _parent: null,
  _host: null,
  _hadError: false,
  _closeAfterHandlingError: false,
  _sockname: null,
  _pendingData: null,
  _pendingEncoding: '',
  [kDispatched]: undefined,
  [kWriteCallback]: null,
  [kLastWriteQueueSize]: 0,
  [kBuffer]: null,
  [kBufferGenerator]: null,
  [kBufferCallback]: null,
  [kArmedFor]: 0,
  [kTimer]: null,
  [kTouched]: 0,
  [kTimedOut]: false,
  [kNoDelay]: false,
  [kKeepAlive]: null,
  [kTypeOfService]: undefined,
};

function initialize(socket: SocketImpl, options: object): void {
  socket.connecting = false;
  socket[kHandle] = null;
  socket[kShutdownCallback] = null;
  socket.server = null;
  socket._server = null;
  socket[kBytesRead] = 0;
  socket[kBytesWritten] = 0;
  Reflect.apply(Duplex as unknown as (options: object) => void, socket, [options]);
}

function startFlow(socket: SocketImpl, paused: boolean): void {
  if (!paused) {
    socket.read(0);
    return;
  }
  const handle = socket[kHandle]!;
  handle.reading = false;
  handle.readStop();
  (socket as { readableFlowing: boolean | null }).readableFlowing = false;
}

/** The short way for a connection that a server accepted: nothing there is left to check. */
function initializeAccepted(socket: SocketImpl, options: AcceptedSocketOptions): void {
  initialize(socket, options);
  const handle = options.handle!;
  options.handle = null;
  socket[kHandle] = handle;
  handle.owner = socket;
  socket.on('end', onReadableEnd);
  startFlow(socket, options.pauseOnCreate);
}

// A function of the name `Socket`, which stack traces and heap snapshots take from the code.
const { Socket: SocketFunction } = {
  // eslint-disable-next-line object-shorthand -- a method cannot be constructed
  Socket: function (
    this: unknown,
    options?: SocketOptions | number | AcceptedSocketOptions,
  ): SocketImpl | undefined {
    if (!isInstance(this)) return new Socket(options as never) as unknown as SocketImpl;
    const socket = this as SocketImpl;
    if (options instanceof AcceptedSocketOptions) {
      initializeAccepted(socket, options);
      return undefined;
    }
    checkSocketOptions(options as SocketOptions | undefined);

    const settings = {
      ...(typeof options === 'number' ? { fd: options } : options),
    } as SocketOptions & Record<string, unknown>;
    const { signal } = settings;
    if (signal) validateAbortSignal(signal, 'signal');
    // See signal.ts.
    delete settings.signal;
    settings.allowHalfOpen = Boolean(settings.allowHalfOpen);
    // 'close' comes from the handle, and texts are encoded by the core.
    settings['emitClose'] = false;
    settings['autoDestroy'] = true;
    settings['decodeStrings'] = false;
    if (typeof options === 'object') namesOption(options);
    initialize(socket, settings);

    // Whatever refuses an option does so before a descriptor has changed its owner.
    keepTypeOfService(socket, settings.typeOfService);
    if (settings.handles) {
      wantHandles(socket);
      // When they arrive there may be no descriptor left to load it with.
      passedHandlePart();
    }
    if (settings.blockList) {
      if (!isBlockList(settings.blockList)) {
        throw new ERR_INVALID_ARG_TYPE('options.blockList', 'net.BlockList', settings.blockList);
      }
      socket.blockList = settings.blockList;
    }
    const connected = takeHandle(socket, settings);
    takeUserBuffer(socket, settings);

    if (settings.noDelay) socket[kNoDelay] = true;
    if (settings.keepAlive) {
      socket[kKeepAlive] = {
        enable: true,
        delay: ~~(settings.keepAliveInitialDelay! / 1000),
        interval: undefined,
        count: undefined,
      };
    }
    socket.on('end', onReadableEnd);
    try {
      adoptHandle(socket);
    } catch (error) {
      if (settings.fd !== undefined) socket[kHandle]?.close();
      throw error;
    }
    if (connected && settings.readable !== false) {
      if (settings.pauseOnCreate || !settings.manualStart) {
        startFlow(socket, Boolean(settings.pauseOnCreate));
      }
    }
    if (signal) watchSignal(socket, signal);
    return undefined;
  },
};

export const Socket = SocketFunction as unknown as SocketConstructor;
Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
Object.setPrototypeOf(Socket, Duplex);
for (const key of Reflect.ownKeys(defaults)) {
  Object.defineProperty(Socket.prototype, key, {
    configurable: true,
    writable: true,
    value: defaults[key as keyof typeof defaults],
  });
}
Object.assign(
  Socket.prototype,
  readMethods,
  writeMethods,
  timeoutMethods,
  coreMethods,
  rareMethods,
);

// Code that asks `instanceof net.Socket` also meets core's sockets: those of http, tls and
// child_process. Sub-classes ask for themselves only.
Object.defineProperty(Socket, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    if (this !== Socket) return Function.prototype[Symbol.hasInstance].call(this, value);
    return isInstance(value) || value instanceof netModule().Socket;
  },
});

// Not enumerable, so that a sub-class by `Object.assign` or `for in` copies nothing of it.
for (const [name, value] of Object.entries({
  fromNode(this: SocketConstructor, socket: nodeNet.Socket) {
    return movesPart().fromNode(this, socket);
  },
  attach(this: SocketConstructor, token: SocketToken) {
    return movesPart().attach(this, token);
  },
})) {
  Object.defineProperty(Socket, name, { value, writable: true, configurable: true });
}

type Getter = (this: SocketImpl) => unknown;

function defineGetters(
  getters: Record<string, Getter>,
  enumerable: boolean,
  configurable: boolean,
) {
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(Socket.prototype, name, { get, enumerable, configurable });
  }
}

defineGetters(
  {
    bytesRead(): number {
      const handle = this[kHandle];
      return handle !== null ? handle.bytesRead : this[kBytesRead];
    },
    remoteAddress(): string | undefined {
      return this._getpeername().address;
    },
    remoteFamily(): string | undefined {
      return this._getpeername().family;
    },
    remotePort(): number | undefined {
      return this._getpeername().port;
    },
    localAddress(): string | undefined {
      return this._getsockname().address;
    },
    localPort(): number | undefined {
      return this._getsockname().port;
    },
    localFamily(): string | undefined {
      return this._getsockname().family;
    },
    ...writeGetters,
  },
  true,
  false,
);

defineGetters(
  {
    _connecting(): boolean {
      return this.connecting;
    },
    readyState(): string {
      if (this.connecting) return 'opening';
      const { readable, writable } = this;
      if (readable) return writable ? 'open' : 'readOnly';
      return writable ? 'writeOnly' : 'closed';
    },
  },
  false,
  false,
);

defineGetters(
  {
    pending(): boolean {
      return this[kHandle] === null || this.connecting;
    },
  },
  false,
  true,
);

// For `stdio: [socket]` of child_process, which takes no other handle objects than core's.
Object.defineProperty(Socket.prototype, 'fd', {
  configurable: true,
  get(this: SocketImpl): number | undefined {
    const fd = this[kHandle]?.fd;
    return fd !== undefined && fd >= 0 ? fd : undefined;
  },
});

Object.defineProperty(Socket.prototype, 'bufferSize', {
  get(this: SocketImpl): number | undefined {
    return this[kHandle] !== null ? this.writableLength : undefined;
  },
  set(this: SocketImpl, size: number) {
    (this as unknown as Socket).setOption('sendBufferSize', size);
  },
});

Object.defineProperty(Socket.prototype, 'proxy', {
  configurable: true,
  get(this: SocketImpl): ProxyInfo | undefined {
    return this[kProxy];
  },
});

Object.defineProperty(Socket.prototype, '_handle', {
  get(this: SocketImpl): Handle | null {
    return this[kHandle];
  },
  set(this: SocketImpl, handle: Handle | null) {
    this[kHandle] = handle;
  },
});
