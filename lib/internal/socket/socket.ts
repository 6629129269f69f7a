import { Duplex } from 'node:stream';
import { netModule } from '../base/builtins';
import { isMadeBy } from '../base/made-by';
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
import type { Handle } from '../native/handle';
import { keepTypeOfService } from '../options/lazy-options';
import { namesOption } from '../options/option-names';
import { optionsPart } from '../options/part';
import type { ProxyInfo } from '../proxy/proxy-info';
import { AcceptedSocketOptions } from './accepted-options';
import { closingMethods } from './closing';
import { blockListOf, checkSocketOptions, type SocketOptions } from './constructor-options';
import { nameGetters, nameMethods } from './names';
import { readMethods } from './read-path';
import { wantDescriptors } from './receive-descriptors';
import { keepSettings, settingMethods } from './settings';
import { watchSignal } from './signal';
import type { SocketImpl } from './socket-state';
import { attachHandle, takeHandle, takeUserBuffer } from './take-handle';
import { timeoutMethods } from './timeouts';
import { writeAfterFin, writeGetters, writeMethods } from './write-path';

/**
 * The class of sockets, with the methods that all sockets use: reading, writing, closing, timeouts.
 * lib/socket.ts adds the methods of other folders.
 */
export interface SocketClass {
  new (options?: SocketOptions | AcceptedSocketOptions): SocketImpl;
  readonly prototype: SocketImpl;
}

/** On 'end': later writes fail with an error that says that the peer has ended the connection. */
function onReadableEnd(this: SocketImpl): void {
  if (!this.allowHalfOpen) this.write = writeAfterFin as never;
}

/**
 * Properties that most sockets never change. They are on the prototype, so they cost a connection
 * nothing until they are assigned.
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

/** The fast path for accepted connections, whose options need no checks. */
function initializeAccepted(socket: SocketImpl, options: AcceptedSocketOptions): void {
  initialize(socket, options);
  const handle = options.handle!;
  options.handle = null;
  socket[kHandle] = handle;
  handle.owner = socket;
  socket.on('end', onReadableEnd);
  startFlow(socket, options.pauseOnCreate);
}

// The function has the name `Socket` in the code, which stack traces and heap snapshots show.
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
    // The handle emits 'close', and the native code encodes texts.
    settings['emitClose'] = false;
    settings['autoDestroy'] = true;
    settings['decodeStrings'] = false;
    if (typeof options === 'object') namesOption(options);
    initialize(socket, settings);

    // All options are checked before a descriptor changes its owner.
    keepTypeOfService(socket, settings.typeOfService);
    if (settings.receiveDescriptors) wantDescriptors(socket);
    const blockList = blockListOf(settings);
    if (blockList !== undefined) socket.blockList = blockList;
    const connected = takeHandle(socket, settings);
    takeUserBuffer(socket, settings);

    keepSettings(socket, settings);
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

// Code that checks `instanceof net.Socket` also gets Node's sockets: those of http, tls and
// child_process. Subclasses check only for their own objects.
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

// For `stdio: [socket]` of child_process, which accepts no handle objects but Node's.
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
