import { closeSync } from 'node:fs';
import type * as nodeNet from 'node:net';
import { netModule } from '../base/builtins';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_STATE,
  ERR_SOCKET_CLOSED,
} from '../base/errors';
import { binding } from '../native/binding';
import type { Handle } from '../native/handle';
import type { KeepAliveSetting } from '../options/option-owners';
import type { SocketImpl } from '../socket/socket-state';
import { kKeepAlive, kNoDelay, kProxy, kReceiveDescriptors } from '../base/symbols';
import { validateBoolean, validateObject } from '../base/validators';
import { checkDeparture, depart, endsLater, isOver, refuseWaiting } from './departure';
import { duplicateDescriptor, isNodeHandle, openCopy } from '../native/node-handle';
import { nameProxied, packProxied, passProxied, unpackInfo, type PackedProxied } from './proxied';
import { makeToken, takeToken, type DetachOptions, type Token } from './token';
import { finishFirst } from './queue-behind';
import { becomeShell } from './shell';
import {
  giveUnread,
  packUnread,
  silence,
  unpackUnread,
  unreadOf,
  type PackedUnread,
} from './unread';
import { awaitsSending, claimUnsent, isShutDown, queuedBytes, sendUnsent } from './unsent';

/**
 * Transfers of connections between uvnet and node:net (`socket.toNode()`, `Socket.fromNode()`) and
 * between threads (`socket.detach()`, `Socket.attach()`).
 */

type AnySocket = nodeNet.Socket | SocketImpl;

/** On Windows, a socket is bound to the event loop that opened it first. */
function checkPlatform(method: string): void {
  if (process.platform === 'win32') throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(method);
}

/**
 * The result of a socket's `detach()`: plain data for `postMessage`. Its properties are internal.
 */
export interface SocketToken extends Token<'socket'> {
  readonly settings: object;
  readonly unread: PackedUnread;
  readonly unsent: Uint8Array;
  readonly paused: boolean;
  readonly ended: boolean;
  readonly timeout: number;
  readonly ref: boolean;
  readonly noDelay: boolean;
  readonly keepAlive: KeepAliveSetting | null;
  readonly proxied: PackedProxied | undefined;
}

/** The options of the new object, which continues in the state of the old one. */
function settingsFor(old: AnySocket, reading: boolean): object {
  return {
    allowHalfOpen: old.allowHalfOpen,
    readable: true,
    writable: !isShutDown(old),
    readableHighWaterMark: old.readableHighWaterMark,
    writableHighWaterMark: old.writableHighWaterMark,
    // A socket that has not started to read must not start now: its bytes may be meant for another
    // process.
    manualStart: !reading,
  };
}

/** Copies the pause, the idle timeout and `unref()`. */
function passState(old: AnySocket, successor: AnySocket, refed: boolean): void {
  if (old.isPaused()) successor.pause();
  if (old.timeout! > 0) successor.setTimeout(old.timeout!);
  old.setTimeout(0);
  if (!refed) successor.unref();
}

function makeNodeSocket(old: SocketImpl, handle: Handle): nodeNet.Socket {
  const fd = duplicateDescriptor(handle.fd);
  binding.releaseDescriptor(fd);
  let socket: nodeNet.Socket;
  try {
    socket = new (netModule().Socket)({ fd, ...settingsFor(old, handle.reading) });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  // The kernel has these settings already. Node must know them to be able to turn them off.
  if (old[kNoDelay]) socket.setNoDelay(true);
  const keepAlive = old[kKeepAlive];
  if (keepAlive?.enable === true) socket.setKeepAlive(true, keepAlive.delay * 1000);
  passProxied(old, handle, socket, (socket as unknown as { _handle: object })._handle);
  return socket;
}

/** Options of `toNode()`. */
export interface ToNodeOptions {
  /**
   * Whether this socket stays for its listeners. It then has the addresses and counters of the
   * connection. It emits 'timeout', 'end', 'error' and 'close' when the other socket does.
   * `write()`, `end()`, `destroy()` and settings act on the connection. It emits no 'data', because
   * the other socket reads. The server still counts it for `maxConnections`. Default: false.
   */
  shell?: boolean | undefined;
}

/** See {@link Socket.toNode} in socket.ts. */
export function toNode(old: SocketImpl, options: ToNodeOptions = {}): nodeNet.Socket {
  validateObject(options, 'options');
  const { shell = false } = options;
  validateBoolean(shell, 'options.shell');
  checkPlatform('socket.toNode()');
  const handle = checkDeparture(old, 'socket.toNode()');
  const unread = unreadOf(old, binding.copyUndelivered(handle.id));
  const unsent = claimUnsent(old, handle);
  const successor = makeNodeSocket(old, handle);
  handle.reading = false;
  handle.readStop();
  giveUnread(successor, unread);
  const waiting = unsent.take();
  sendUnsent(successor, waiting);
  passState(old, successor, handle.hasRef());
  const endNow = endsLater(old);
  if (shell) becomeShell(old, successor, waiting.bytes.length);
  else depart(old, successor);
  if (endNow) successor.end();
  return successor;
}

type SocketClass = new (options: object) => unknown;

/**
 * Makes a socket for a handle. If that fails, for example in the constructor of a subclass, it
 * closes the handle, which has no other owner.
 */
function makeSocket(handle: Handle, make: () => SocketImpl): SocketImpl {
  try {
    return make();
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** See {@link SocketConstructor.fromNode} in socket.ts. */
export function fromNode(Socket: SocketClass, old: nodeNet.Socket): SocketImpl {
  if (!(old instanceof netModule().Socket)) {
    throw new ERR_INVALID_ARG_TYPE('socket', 'net.Socket', old);
  }
  checkPlatform('Socket.fromNode()');
  if (old.connecting) {
    throw new ERR_INVALID_STATE("Socket.fromNode() needs a connection; wait for 'connect'");
  }
  if (isOver(old)) throw new ERR_SOCKET_CLOSED();
  const { _handle: handle } = old as unknown as { _handle: unknown };
  if (!isNodeHandle(handle) || handle.fd < 0) {
    throw new ERR_INVALID_STATE('Socket.fromNode() needs a TCP or pipe connection of node:net');
  }
  const copy = openCopy(handle.fd);
  const settings = settingsFor(old, handle.reading === true);
  const successor = makeSocket(copy, () => new Socket({ ...settings, handle: copy }) as SocketImpl);
  passProxied(old, handle, successor, copy);
  // The settings that Node made are unknown, so the next call must always take effect.
  successor[kNoDelay] = undefined as never;
  successor[kKeepAlive] = { enable: true, delay: -1, interval: undefined, count: undefined };
  handle.reading = false;
  handle.readStop();
  giveUnread(successor, unreadOf(old));
  silence(old);
  passState(old, successor, handle.hasRef());
  const endNow = endsLater(old);
  if (awaitsSending(old) || handle.writeQueueSize! > 0) finishFirst(old, successor);
  else old.destroy();
  if (endNow) successor.end();
  return successor;
}

/** See {@link Socket.detach} in socket.ts. */
export function detach(socket: SocketImpl, options: DetachOptions): SocketToken {
  checkPlatform('socket.detach()');
  const handle = checkDeparture(socket, 'socket.detach()');
  refuseWaiting(socket, 'socket.detach()');
  const token = makeToken('socket', handle, options, {
    settings: {
      ...settingsFor(socket, handle.reading),
      receiveDescriptors: socket[kReceiveDescriptors] === true,
    },
    unread: packUnread(unreadOf(socket, binding.copyUndelivered(handle.id))),
    unsent: new Uint8Array(queuedBytes(handle)),
    paused: socket.isPaused(),
    ended: socket.writableEnded,
    timeout: socket.timeout ?? 0,
    ref: handle.hasRef(),
    noDelay: socket[kNoDelay],
    keepAlive: socket[kKeepAlive],
    proxied: packProxied(socket, handle),
  });
  depart(socket);
  return token;
}

/** See {@link SocketConstructor.attach} in socket.ts. */
export function attach(Socket: SocketClass, token: SocketToken): SocketImpl {
  const handle = takeToken(token, 'socket');
  // The program may have changed the token.
  return makeSocket(handle, () => goOn(Socket, handle, token));
}

function goOn(Socket: SocketClass, handle: Handle, token: SocketToken): SocketImpl {
  nameProxied(handle, token.proxied?.names);
  const socket = new Socket({ ...token.settings, handle }) as SocketImpl;
  socket[kProxy] = unpackInfo(token.proxied?.info);
  socket[kNoDelay] = token.noDelay;
  socket[kKeepAlive] = token.keepAlive;
  giveUnread(socket, unpackUnread(token.unread));
  if (token.unsent.length > 0) socket.write(token.unsent);
  if (token.paused) socket.pause();
  if (token.timeout > 0) socket.setTimeout(token.timeout);
  if (!token.ref) socket.unref();
  if (token.ended && !isShutDown(socket)) socket.end();
  return socket;
}
