import type { EventEmitter } from 'node:events';
import { binding } from './internal/native/binding';
import { ERR_INVALID_FD_TYPE, ERR_INVALID_STATE } from './internal/base/errors';
import { guessHandleType } from './internal/native/descriptor';
import { Server as ServerClass } from './internal/listen/server';
import type { ServerOptions } from './internal/listen/server-options';
import { Socket as SocketClass } from './internal/socket/socket';
import type { SocketOptions } from './internal/socket/constructor-options';
import type * as declared from './types/interfaces';
import type { Server, Socket } from './types/interfaces';

/** See {@link declared.ReceivedDescriptor}. */
export class ReceivedDescriptor implements declared.ReceivedDescriptor {
  readonly type: 'TCP' | 'PIPE' | 'UDP' | 'FILE' | 'TTY' | 'UNKNOWN';
  readonly listening: boolean;

  private descriptor: number;

  /** @internal */
  constructor(fd: number) {
    this.descriptor = fd;
    this.type = guessHandleType(fd) as ReceivedDescriptor['type'];
    this.listening = binding.isListeningDescriptor(fd) === 1;
  }

  get fd(): number {
    return this.descriptor;
  }

  take(): number {
    const fd = this.open();
    binding.releaseDescriptor(fd);
    this.descriptor = -1;
    return fd;
  }

  toSocket(options?: SocketOptions): Socket {
    const fd = this.open();
    if (this.listening) throw new ERR_INVALID_FD_TYPE('SERVER');
    try {
      const settings = { readable: true, writable: true, ...options, fd };
      return new SocketClass(settings) as unknown as Socket;
    } finally {
      // The descriptor may be gone: for example, the socket has taken and closed it because the
      // `onread` buffer function threw.
      if (binding.holdsDescriptor(fd) === 0) this.descriptor = -1;
    }
  }

  toServer(options?: ServerOptions, connectionListener?: (socket: Socket) => void): Server {
    const fd = this.open();
    if (!this.listening) throw new ERR_INVALID_FD_TYPE(this.type);
    const server = new ServerClass(options, connectionListener as never) as unknown as Server;
    this.descriptor = -1;
    server.listen({ fd });
    return server;
  }

  close(): void {
    if (this.descriptor < 0) return;
    binding.closeDescriptor(this.descriptor);
    this.descriptor = -1;
  }

  private open(): number {
    if (this.descriptor < 0) {
      throw new ERR_INVALID_STATE('the descriptor was taken, or closed when its event was over');
    }
    return this.descriptor;
  }
}

/** A descriptor has arrived on a socket. */
export function emitDescriptor(socket: EventEmitter, fd: number, position: number): void {
  const received = new ReceivedDescriptor(fd);
  try {
    socket.emit('descriptor', received, position);
  } finally {
    received.close();
  }
}
