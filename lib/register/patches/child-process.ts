import { ChildProcess } from 'node:child_process';
import type { Server } from 'node:net';
import { netModule } from '../../internal/base/builtins';
import { binding } from '../../internal/native/binding';
import { duplicateDescriptor } from '../../internal/native/node-handle';
import { uncount } from '../../internal/socket/closing';
import type { SocketImpl } from '../../internal/socket/socket-state';
import { replaceMethod, type Giver, type Patch } from './replace';

/**
 * `child.send(message, socket)` and `process.send()`: a socket or server of `node:net` replaces
 * that of uvnet. The other process gets an object of Node, as it would without uvnet.
 */

type Callback = (error: Error | null) => void;
type Send = (message: unknown, handle?: unknown, options?: unknown, callback?: Callback) => boolean;
type Channel = NodeJS.EventEmitter & { send?: Send };

/** The server no longer counts a connection that was sent, as in Node. */
function leaveServer(socket: SocketImpl): void {
  const server = socket._server;
  if (server === null) return;
  socket._server = null;
  uncount(server);
}

/** Makes a server of Node that has a copy of the listening descriptor but never listens on it. */
function makeCarrier(server: Server): { carrier: Server; release(): void } {
  const { _handle: handle } = server as unknown as { _handle: { fd: number } };
  const net = netModule();
  const fd = duplicateDescriptor(handle.fd);
  binding.releaseDescriptor(fd);
  const holder = new net.Socket({
    fd,
    readable: true,
    writable: true,
    manualStart: true,
  } as object);
  const carrier = new net.Server();
  Object.assign(carrier, { _handle: (holder as unknown as { _handle: unknown })._handle });
  return {
    carrier,
    release() {
      holder.destroy();
    },
  };
}

/**
 * The handle must stay open until the message was sent. That may be much later, because messages
 * wait for each other.
 */
function sendServer(
  channel: Channel,
  send: Send,
  message: unknown,
  server: Server,
  rest: unknown[],
): boolean {
  const { carrier, release } = makeCarrier(server);
  const callback = rest.find((each) => typeof each === 'function') as Callback | undefined;
  const options = typeof rest[0] === 'function' ? undefined : rest[0];
  channel.once('disconnect', release);
  const done: Callback = (error) => {
    channel.off('disconnect', release);
    release();
    if (callback !== undefined) callback(error);
    else if (error) channel.emit('error', error);
  };
  try {
    return send.call(channel, message, carrier, options, done);
  } catch (error) {
    channel.off('disconnect', release);
    release();
    throw error;
  }
}

function patchSend(channel: Channel, giver: Giver): () => void {
  return replaceMethod(channel, 'send', (original) => {
    const send = original as Send;
    return function (this: Channel, message: unknown, handle?: unknown, ...rest: unknown[]) {
      if (giver.isServer(handle)) {
        const { _handle: inner } = handle as { _handle?: { fd?: number } | null };
        // Without a descriptor (not listening, Windows), Node's own error is correct.
        if (inner != null && inner.fd! >= 0) {
          return sendServer(this, send, message, handle as Server, rest);
        }
      }
      const given = giver.give(handle);
      const sent: unknown = Reflect.apply(send, this, [message, given, ...rest]);
      const { keepOpen = false } = (typeof rest[0] === 'object' ? (rest[0] ?? {}) : {}) as {
        keepOpen?: boolean;
      };
      if (given !== handle && !keepOpen) leaveServer(handle as SocketImpl);
      return sent;
    };
  });
}

/** Each child gets its own `send` when it is spawned with a channel. */
export const patchChildren: Patch = (giver) => {
  const channels = new Set<() => void>();
  const undoSpawn = replaceMethod(
    ChildProcess.prototype,
    'spawn',
    (spawn) =>
      function (this: Channel, ...args: unknown[]) {
        const status = Reflect.apply(spawn, this, args) as unknown;
        if (this.send !== undefined) {
          const undoSend = patchSend(this, giver);
          channels.add(undoSend);
          this.once('exit', () => channels.delete(undoSend));
        }
        return status;
      },
  );
  return () => {
    undoSpawn();
    for (const undoSend of channels) undoSend();
  };
};

export const patchProcess: Patch = (giver) =>
  process.send === undefined ? () => {} : patchSend(process as Channel, giver);
