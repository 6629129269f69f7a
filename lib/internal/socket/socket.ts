import { Duplex } from 'node:stream';
import { netModule } from '../base/builtins';
import { isMadeBy } from '../base/made-by';
import { ERR_INVALID_ARG_TYPE } from '../base/errors';
import {
  kTimerDelay,
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
  kProxy,
  kShutdownCallback,
  kTimedOut,
  kTimer,
  kTouched,
  kTypeOfService,
  kWriteCallback,
} from '../base/symbols';
import { validateAbortSignal } from '../base/validators';
import { isBlockList } from '../block-list/list-id';
import type { Handle } from '../native/handle';
import { keepTypeOfService } from '../options/lazy-options';
import { namesOption } from '../options/option-names';
import { optionsPart } from '../options/part';
import type { ProxyInfo } from '../proxy/proxy-info';
import { AcceptedSocketOptions } from './accepted-options';
import { closingMethods } from './closing';
import { checkSocketOptions, type SocketOptions } from './constructor-options';
import { nameGetters, nameMethods } from './names';
import { readMethods } from './read-path';
import { wantDescriptors } from './receive-descriptors';
import { settingMethods } from './settings';
import { watchSignal } from './signal';
import type { SocketImpl } from './socket-state';
import { attachHandle, takeHandle, takeUserBuffer } from './take-handle';
import { timeoutMethods } from './timeouts';
import { writeAfterFin, writeGetters, writeMethods } from './write-path';

/**
 * The class of sockets, with what every one of them does: reading, writing, closing, timeouts. The rooms
 * above have further methods, which lib/socket.ts adds.
 */
export interface SocketClass {
  new (options?: SocketOptions | AcceptedSocketOptions): SocketImpl;
  readonly prototype: SocketImpl;
}

/** On 'end': from now on a write learns who ended the connection. */
function onReadableEnd(this: SocketImpl): void {
  if (!this.allowHalfOpen) this.write = writeAfterFin as never;
}

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
  [kTimerDelay]: 0,
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
    if (!isMadeBy(Socket, this)) return new Socket(options as never);
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
    // 'close' comes from the handle, and texts are encoded by the native code.
    settings['emitClose'] = false;
    settings['autoDestroy'] = true;
    settings['decodeStrings'] = false;
    if (typeof options === 'object') namesOption(options);
    initialize(socket, settings);

    // Whatever refuses an option does so before a descriptor has changed its owner.
    keepTypeOfService(socket, settings.typeOfService);
    if (settings.receiveDescriptors) wantDescriptors(socket);
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
      attachHandle(socket);
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

export const Socket = SocketFunction as unknown as SocketClass;
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
  closingMethods,
  settingMethods,
  nameMethods,
);

// Code that asks `instanceof net.Socket` also meets Node's sockets: those of http, tls and
// child_process. Sub-classes ask for themselves only.
Object.defineProperty(Socket, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    if (this !== Socket) return Function.prototype[Symbol.hasInstance].call(this, value);
    return isMadeBy(Socket, value) || value instanceof netModule().Socket;
  },
});

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
    ...nameGetters,
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

// For `stdio: [socket]` of child_process, which takes no other handle objects than Node's.
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
    optionsPart().setOption(this, 'sendBufferSize', size);
  },
});

Object.defineProperty(Socket.prototype, 'proxyInfo', {
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
