import { Buffer } from 'node:buffer';
import type * as nodeNet from 'node:net';
import { Duplex } from 'node:stream';
import { kHandle, kShutdownCallback } from '../base/symbols';
import { validateFunction } from '../base/validators';
import type { Handle } from '../native/handle';
import type { SocketName } from '../native/handle-events';
import type { SocketImpl, WriteCallback } from '../socket/socket-state';
import { setSuccessor } from './successors';
import { silence } from './unread';

/**
 * Shells: sockets whose connection was transferred to a socket of node:net, and which stay for
 * their listeners (`socket.toNode({ shell: true })`). A shell is still a stream. Its writes, its
 * end and its settings act on the other socket. It reads nothing, because the other socket owns the
 * bytes.
 */

/** Members of Node's sockets that are missing in its types. */
type NodeSocket = nodeNet.Socket & {
  readonly _handle: { fd?: number; writeQueueSize?: number; hasRef?(): boolean } | null;
  setTypeOfService?(value: number): void;
  getTypeOfService?(): number;
};

type SetKeepAlive = (enable: boolean, delay: number, interval?: number, count?: number) => void;

/**
 * The connection of the shell, with the interface of a handle. The native code does not know it.
 */
class Connection {
  owner: SocketImpl | null = null;
  /** True, so that the stream does not start to read. */
  reading = true;

  constructor(
    private readonly node: NodeSocket,
    private readonly remote: SocketName,
    private readonly local: SocketName,
    private readonly readBefore: number,
    /** How many bytes this socket has sent before the transfer. */
    private writtenBefore: number,
  ) {}

  get fd(): number {
    return this.node._handle?.fd ?? -1;
  }

  get bytesRead(): number {
    return this.readBefore + this.node.bytesRead;
  }

  get bytesWritten(): number {
    return this.writtenBefore + this.node.bytesWritten;
  }

  get writeQueueSize(): number {
    return this.node._handle?.writeQueueSize ?? 0;
  }

  /**
   * Avoids counting bytes twice that are in the buffer of the stream and were sent by the
   * successor.
   */
  countElsewhere(size: number): void {
    this.writtenBefore -= size;
  }

  getpeername(out: SocketName): number {
    Object.assign(out, this.remote);
    return 0;
  }

  getsockname(out: SocketName): number {
    Object.assign(out, this.local);
    return 0;
  }

  setNoDelay(enable: boolean): number {
    this.node.setNoDelay(enable);
    return 0;
  }

  setKeepAlive(enable: boolean, delay = 0, interval?: number, count?: number): number {
    const milliseconds = interval === undefined ? undefined : interval * 1000;
    (this.node.setKeepAlive as SetKeepAlive)(enable, delay * 1000, milliseconds, count);
    return 0;
  }

  setTypeOfService(value: number): number {
    this.node.setTypeOfService?.(value);
    return 0;
  }

  getTypeOfService(): number {
    return this.node.getTypeOfService?.() ?? 0;
  }

  ref(): void {
    this.node.ref();
  }

  unref(): void {
    this.node.unref();
  }

  hasRef(): boolean {
    return this.node._handle?.hasRef?.() ?? false;
  }

  readStart(): number {
    return 0;
  }

  readStop(): number {
    return 0;
  }

  close(callback?: () => void): void {
    if (callback !== undefined) {
      if (this.node.closed) process.nextTick(callback);
      else this.node.once('close', callback);
    }
    this.node.destroy();
  }
}

/** Redirects the methods of the stream to the successor. */
function redirect(socket: SocketImpl, node: NodeSocket, connection: Connection): void {
  // Waiting data was transferred. The stream still has it too, and passes it on once the previous
  // write is done.
  let gone = (socket.writableBuffer ?? []).map(({ chunk, encoding }) =>
    typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length,
  );
  for (const size of gone) connection.countElsewhere(size);
  Object.assign(socket, {
    _read() {},
    _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: WriteCallback) {
      const [size] = gone;
      if (size === undefined) {
        node.write(chunk, encoding, callback);
        return;
      }
      gone = gone.slice(1);
      connection.countElsewhere(-size);
      callback();
    },
    _writev: null,
    _final(callback: WriteCallback) {
      if (node.writableFinished) callback();
      else node.end(callback);
    },
    pause() {
      node.pause();
      return Duplex.prototype.pause.call(this as unknown as Duplex);
    },
    resume() {
      node.resume();
      return Duplex.prototype.resume.call(this as unknown as Duplex);
    },
    setTimeout(milliseconds: number, callback?: () => void) {
      if (callback !== undefined) validateFunction(callback, 'callback');
      node.setTimeout(milliseconds);
      if (callback !== undefined) {
        if (milliseconds === 0) socket.removeListener('timeout', callback);
        else socket.once('timeout', callback);
      }
      return socket;
    },
    resetAndDestroy() {
      node.resetAndDestroy();
      return socket;
    },
  });
  Object.defineProperty(socket, 'timeout', { configurable: true, get: () => node.timeout });
}

/** The shell also reports the events of the connection. */
function mirror(socket: SocketImpl, node: nodeNet.Socket): void {
  let failure: Error | undefined;
  const onError = (error: Error): void => {
    failure = error;
    // A listener on either of the two sockets is enough, as if they were one.
    const isHandled = node.listenerCount('error') > 1 && socket.listenerCount('error') === 0;
    if (isHandled) socket.once('error', () => {});
    socket.destroy(error);
  };
  node.on('error', onError);
  node.on('timeout', () => socket.emit('timeout'));
  node.once('end', () => {
    if (socket.destroyed) return;
    if (socket._readableState.ended) {
      socket.emit('end');
      return;
    }
    socket.push(null);
    Duplex.prototype.read.call(socket, 0);
  });
  node.once('close', () => socket.destroy(failure));
}

/** How many bytes the stream holds back after a write in flight. */
const waitingBytes = (socket: SocketImpl): number => socket.bytesWritten! - socket._bytesDispatched;

/**
 * Turns a socket into the shell of its successor. It closes the handle, whose descriptor was
 * duplicated.
 *
 * @param unsent - how many bytes were written to the socket and left to the successor
 */
export function becomeShell(socket: SocketImpl, successor: nodeNet.Socket, unsent: number): void {
  const handle = socket[kHandle]!;
  const connection = new Connection(
    successor as NodeSocket,
    { ...socket._getpeername() },
    { ...socket._getsockname() },
    handle.bytesRead,
    handle.bytesWritten + waitingBytes(socket) - unsent,
  );
  silence(socket);
  handle.owner = null;
  handle.close();
  redirect(socket, successor as NodeSocket, connection);
  connection.owner = socket;
  socket[kHandle] = connection as unknown as Handle;
  setSuccessor(socket, successor);
  mirror(socket, successor);
  // The callback of an end() that waits for the FIN.
  const underWay = socket[kShutdownCallback];
  socket[kShutdownCallback] = null;
  if (underWay !== null) socket._final(underWay);
}
