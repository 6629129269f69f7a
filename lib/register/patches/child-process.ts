import { ChildProcess } from 'node:child_process';
import type { Server } from 'node:net';
import { netModule } from '../../internal/base/builtins';
import { binding } from '../../internal/native/binding';
import { duplicateDescriptor } from '../../internal/native/node-handle';
import { uncount } from '../../internal/socket/closing';
import type { SocketImpl } from '../../internal/socket/socket-state';
import { replaceMethod, type Giver, type Patch } from './replace';

/**
 * `child.send(message, socket)` and `process.send()`: a socket or server of `node:net` goes in the place of uvnet's.
 * The other process gets one of Node's, as it would without uvnet.
 */

type Callback = (error: Error | null) => void;
type Send = (message: unknown, handle?: unknown, options?: unknown, callback?: Callback) => boolean;
type Channel = NodeJS.EventEmitter & { send?: Send };

/** The server counts a connection that has left no longer, as in Node. */
function leaveServer(socket: SocketImpl): void {
  const server = socket._server;
  if (server === null) return;
  socket._server = null;
  uncount(server);
}

/** A server of Node's that has a copy of the listening descriptor and never listens to it. */
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

/** The handle has to live until the message has left, which may be much later: messages wait for each other. */
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
        // Without a descriptor (not listening, Windows) Node's own error is the right one.
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

/** `send` stands on each child, from when it is spawned with a channel. */
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
