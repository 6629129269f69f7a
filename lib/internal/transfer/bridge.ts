import type * as nodeNet from 'node:net';
import { binding } from '../native/binding';
import { netModule } from '../base/builtins';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_STATE,
  ERR_SOCKET_CLOSED,
} from '../base/errors';
import { duplicateDescriptor, isCoreHandle, openDescriptor, type CoreHandle } from './foreign';
import { flushGathered, Handle } from '../native/handle';
import {
  makeToken,
  packUnread,
  takeToken,
  unpackUnread,
  type DetachOptions,
  type PackedUnread,
  type Token,
} from './handover';
import type { KeepAliveSetting, SocketImpl } from '../socket/socket-state';
import { kHandle, kKeepAlive, kNoDelay } from '../base/symbols';
import { giveUnread, isBusy, isShutDown, retire, takeUnread } from './takeover';

/**
 * Connections that move: between uvnet and node:net (`socket.toNode()`, `Socket.fromNode()`) and
 * between threads (`socket.detach()`, `Socket.attach()`).
 */

type AnySocket = nodeNet.Socket | SocketImpl;

function checkTransferable(socket: AnySocket, method: string): void {
  if (process.platform === 'win32') throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(method);
  if (socket.connecting) {
    throw new ERR_INVALID_STATE(`${method} needs a connection; wait for 'connect'`);
  }
  if (socket.destroyed) throw new ERR_SOCKET_CLOSED();
  const { _handle: handle } = socket as unknown as { _handle: unknown };
  if (handle instanceof Handle && handle.relay !== null) {
    throw new ERR_INVALID_STATE('the socket is being relayed');
  }
}

/** What a socket's `detach()` gives: plain data, which `postMessage` carries. */
export interface SocketToken extends Token<'socket'> {
  readonly settings: object;
  readonly unread: PackedUnread;
  readonly paused: boolean;
  readonly ended: boolean;
  readonly timeout: number;
  readonly ref: boolean;
  readonly noDelay: boolean;
  readonly keepAlive: KeepAliveSetting | null;
}

/** How the new object is to be made, so that it goes on where the old one was. */
function settingsFor(old: AnySocket, reading: boolean): object {
  return {
    allowHalfOpen: old.allowHalfOpen,
    readable: true,
    writable: !isShutDown(old),
    readableHighWaterMark: old.readableHighWaterMark,
    writableHighWaterMark: old.writableHighWaterMark,
    // What has not begun to read does not begin now: its bytes may be meant for another process.
    manualStart: !reading,
  };
}

function moveOver(old: AnySocket, handle: Handle | CoreHandle, make: () => AnySocket): AnySocket {
  const refed = handle.hasRef();
  const successor = make();
  handle.reading = false;
  handle.readStop();
  giveUnread(successor, takeUnread(old));
  if (old.isPaused()) successor.pause();
  if (old.timeout! > 0) successor.setTimeout(old.timeout!);
  old.setTimeout(0);
  if (!refed) successor.unref();
  const endNow = old.writableEnded && !isShutDown(old);
  retire(old, successor, isBusy(old, handle.writeQueueSize ?? 0));
  if (endNow) successor.end();
  return successor;
}

/** See {@link Socket.toNode} in socket.ts. */
export function toNode(old: SocketImpl): nodeNet.Socket {
  checkTransferable(old, 'socket.toNode()');
  const handle = old[kHandle];
  if (!(handle instanceof Handle)) throw new ERR_SOCKET_CLOSED();
  flushGathered();
  const reading = handle.reading;
  return moveOver(old, handle, () => {
    const fd = duplicateDescriptor(handle.fd);
    let socket: nodeNet.Socket;
    try {
      socket = new (netModule().Socket)({ fd, ...settingsFor(old, reading) });
    } catch (error) {
      binding.closeDescriptor(fd);
      throw error;
    }
    // The kernel has them already; core is to know them, so that it can turn them off.
    if (old[kNoDelay]) socket.setNoDelay(true);
    const keepAlive = old[kKeepAlive];
    if (keepAlive?.enable === true) socket.setKeepAlive(true, keepAlive.delay * 1000);
    return socket;
  }) as nodeNet.Socket;
}

/** See {@link SocketConstructor.fromNode} in socket.ts. */
export function fromNode(
  Socket: new (options: object) => unknown,
  socket: nodeNet.Socket,
): SocketImpl {
  if (!(socket instanceof netModule().Socket)) {
    throw new ERR_INVALID_ARG_TYPE('socket', 'net.Socket', socket);
  }
  checkTransferable(socket, 'Socket.fromNode()');
  const { _handle: handle } = socket as unknown as { _handle: unknown };
  if (!isCoreHandle(handle) || handle.fd < 0) {
    throw new ERR_INVALID_STATE('Socket.fromNode() needs a TCP or pipe connection of node:net');
  }
  const reading = handle.reading === true;
  return moveOver(socket, handle, () => {
    const settings = {
      ...settingsFor(socket, reading),
      handle: openDescriptor(duplicateDescriptor(handle.fd)),
    };
    const successor = new Socket(settings) as SocketImpl;
    // What core set on the socket is not told, so that the next call counts in any case.
    successor[kNoDelay] = undefined as never;
    successor[kKeepAlive] = { enable: true, delay: -1, interval: undefined, count: undefined };
    return successor;
  }) as SocketImpl;
}

/** See {@link Socket.detach} in socket.ts. */
export function detach(socket: SocketImpl, options: DetachOptions): SocketToken {
  checkTransferable(socket, 'socket.detach()');
  const handle = socket[kHandle];
  if (!(handle instanceof Handle)) throw new ERR_SOCKET_CLOSED();
  flushGathered();
  if (isBusy(socket, handle.writeQueueSize)) {
    throw new ERR_INVALID_STATE(
      'socket.detach() would lose data that was not sent yet; wait for the callback of write()',
    );
  }
  const token = makeToken('socket', handle, options, {
    settings: settingsFor(socket, handle.reading),
    unread: packUnread(takeUnread(socket)),
    paused: socket.isPaused(),
    ended: socket.writableEnded,
    timeout: socket.timeout ?? 0,
    ref: handle.hasRef(),
    noDelay: socket[kNoDelay],
    keepAlive: socket[kKeepAlive],
  });
  socket.destroy();
  return token;
}

/** See {@link SocketConstructor.attach} in socket.ts. */
export function attach(Socket: new (options: object) => unknown, token: SocketToken): SocketImpl {
  const handle = takeToken(token, 'socket');
  const socket = new Socket({ ...token.settings, handle }) as SocketImpl;
  socket[kNoDelay] = token.noDelay;
  socket[kKeepAlive] = token.keepAlive;
  giveUnread(socket, unpackUnread(token.unread));
  if (token.paused) socket.pause();
  if (token.timeout > 0) socket.setTimeout(token.timeout);
  if (!token.ref) socket.unref();
  if (token.ended && !isShutDown(socket)) socket.end();
  return socket;
}
