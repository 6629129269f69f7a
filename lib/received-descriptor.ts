import type { EventEmitter } from 'node:events';
import { binding } from './internal/native/binding';
import { ERR_INVALID_FD_TYPE, ERR_INVALID_STATE } from './internal/base/errors';
import { guessHandleType } from './internal/native/descriptor';
import { createServer, type Server, type ServerOptions } from './server';
import { Socket, type SocketOptions } from './socket';

/**
 * A descriptor that arrived over a unix socket, as the argument of its 'descriptor' event. Whoever wants
 * it takes it before the event is over, with one of `take`, `toSocket` and `toServer`; otherwise it
 * is closed then, so that none is ever left behind.
 */
export class ReceivedDescriptor {
  /** What libuv finds behind it. */
  readonly type: 'TCP' | 'PIPE' | 'UDP' | 'FILE' | 'TTY' | 'UNKNOWN';
  /** Whether it is a socket that listens. */
  readonly listening: boolean;

  private descriptor: number;

  /** @internal */
  constructor(fd: number) {
    this.descriptor = fd;
    this.type = guessHandleType(fd) as ReceivedDescriptor['type'];
    this.listening = binding.isListeningDescriptor(fd) === 1;
  }

  /** The descriptor while nobody has taken it; then -1. */
  get fd(): number {
    return this.descriptor;
  }

  /**
   * The descriptor itself, which the caller then has to close.
   *
   * @throws ERR_INVALID_STATE when it was taken, or closed at the end of the event
   */
  take(): number {
    const fd = this.open();
    binding.releaseDescriptor(fd);
    this.descriptor = -1;
    return fd;
  }

  /**
   * A Socket on it.
   *
   * @param options - as of `new Socket()`
   * @throws ERR_INVALID_FD_TYPE where it is no connection; what the options are refused with
   */
  toSocket(options?: SocketOptions): Socket {
    const fd = this.open();
    if (this.listening) throw new ERR_INVALID_FD_TYPE('SERVER');
    try {
      return new Socket({ readable: true, writable: true, ...options, fd });
    } finally {
      // Also where a generator of `onread` throws, say, and the socket has taken it and closed it.
      if (binding.holdsDescriptor(fd) === 0) this.descriptor = -1;
    }
  }

  /**
   * A Server that listens on it; 'listening' follows.
   *
   * @param options - as of `createServer()`
   * @throws ERR_INVALID_FD_TYPE where it is no listening socket
   */
  toServer(options?: ServerOptions, connectionListener?: (socket: Socket) => void): Server {
    const fd = this.open();
    if (!this.listening) throw new ERR_INVALID_FD_TYPE(this.type);
    const server = createServer(options, connectionListener);
    this.descriptor = -1;
    server.listen({ fd });
    return server;
  }

  /** Closes it now. Nothing where it was taken. */
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
