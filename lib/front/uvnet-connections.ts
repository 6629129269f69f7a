import { onConnection } from '../internal/listen/accept';
import { Server } from '../internal/listen/server';
import type { ServerImpl } from '../internal/listen/server-impl';
import { binding } from '../internal/native/binding';
import { Handle, ownerOf } from '../internal/native/handle';
import { takeNodeHandle, type NodeHandle } from '../internal/native/node-handle';
import type { SocketImpl } from '../internal/socket/socket-state';
import type * as declared from '../types/interfaces';
import { giveUp, headerOf, headSizeOf, type AcceptedHandle, type Holder } from './accepted';
import type { SocketListener } from './targets';

/** The settings of sockets that a function gets. */
type Settings = Pick<
  ServerImpl,
  | 'allowHalfOpen'
  | 'pauseOnConnect'
  | 'noDelay'
  | 'keepAlive'
  | 'keepAliveInitialDelay'
  | 'highWaterMark'
>;

/** The connections of a front that become sockets of uvnet. */
export class UvnetConnections {
  private readonly open = new Set<Handle>();
  /** Makes the sockets for functions. It never listens. */
  private readonly maker = new Server();

  constructor(private readonly front: Holder & Settings) {}

  /**
   * Makes a handle of uvnet for the connection. It counts for the front as long as it is in use: a
   * connection that is given to a handler table or to Node leaves, as it leaves its server. Its
   * place under the limits is given back when it is closed.
   *
   * @throws if there is no descriptor; the connection is then unchanged
   */
  take(from: AcceptedHandle): Handle {
    const header = headerOf(from);
    const headSize = headSizeOf(from);
    const handle = takeNodeHandle(from as unknown as NodeHandle);
    binding.moveSocket(giveUp(from), handle.id, headSize);
    if (header !== undefined) handle.proxied = header;
    const left = (): void => {
      if (this.open.delete(handle)) this.front.left();
    };
    this.open.add(handle);
    handle.closed = () => {
      Handle.prototype.closed.call(handle);
      left();
    };
    handle.release = () => {
      left();
      return Handle.prototype.release.call(handle);
    };
    return handle;
  }

  giveToServer(server: ServerImpl, handle: Handle): void {
    onConnection.call({ owner: server }, 0, handle as never);
  }

  giveToFunction(listener: SocketListener, handle: Handle, isPaused: boolean): void {
    const { maker, front } = this;
    const { allowHalfOpen, noDelay, keepAlive, keepAliveInitialDelay, highWaterMark } = front;
    const pauseOnConnect = isPaused || front.pauseOnConnect;
    Object.assign(maker, { allowHalfOpen, noDelay, keepAlive, keepAliveInitialDelay });
    Object.assign(maker, { highWaterMark, pauseOnConnect });
    // Both calls happen within `onConnection`, so no other connection can come in between.
    maker.removeAllListeners('connection');
    maker.once('connection', (socket: declared.Socket) => listener(socket));
    this.giveToServer(maker, handle);
  }

  /** Returns how many were open. */
  destroyAll(): number {
    const handles = [...this.open];
    for (const handle of handles) {
      const socket = ownerOf(handle.id) as SocketImpl | null;
      if (socket === null) handle.close();
      else socket.destroy();
    }
    return handles.length;
  }
}
