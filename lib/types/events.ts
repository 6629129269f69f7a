import type { SystemError } from '../internal/base/system-errors';
import type { DropData } from '../internal/listen/accept';
import type { ConnectionAttemptInfo } from '../internal/listen/admission';

/** The events of sockets and servers, with the arguments of their listeners. */

export type Listener<Args extends unknown[]> = (...args: Args) => void;

/** As in node:net, an unknown event accepts any listener. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
export type AnyListener = (...args: any[]) => void;

/** Events of a {@link Socket}. */
export interface SocketEvents<Descriptor> {
  /** The socket is closed. The argument is true if an error closed it. */
  close: [hadError: boolean];
  /** The connection is established. */
  connect: [];
  /** An attempt to connect starts. For a path, `port` and `family` are undefined. */
  connectionAttempt: [address: string, port: number, family: number];
  /** An attempt to connect has failed. */
  connectionAttemptFailed: [address: string, port: number, family: number, error: Error];
  /** An address has not answered in time, so the next one is tried too. */
  connectionAttemptTimeout: [address: string, port: number, family: number];
  /** Data has arrived: bytes, or a text after `setEncoding()`. */
  data: [data: string | Buffer<ArrayBuffer>];
  /** All waiting data was sent, after `write()` returned false. */
  drain: [];
  /** The peer has ended its side. */
  end: [];
  error: [error: Error];
  finish: [];
  /** A descriptor has arrived over a Unix socket, at this byte position of the stream. */
  descriptor: [descriptor: Descriptor, position: number];
  /** A host name was resolved. */
  lookup: [error: Error | null, address: string, family: number | null, host: string];
  pause: [];
  pipe: [source: NodeJS.ReadableStream];
  readable: [];
  /** The socket can be used, right after 'connect'. */
  ready: [];
  resume: [];
  /** No byte has moved for the time set by `setTimeout()`. */
  timeout: [];
  unpipe: [source: NodeJS.ReadableStream];
}

/** Events of a {@link Server}. */
export interface ServerEvents<Socket> {
  /**
   * Connections could not be accepted, because descriptors or memory ran out. The server tries
   * again.
   */
  acceptError: [error: SystemError];
  /** The server and all its connections are closed. */
  close: [];
  /** A connection was accepted. */
  connection: [socket: Socket];
  /** A connection has arrived. A listener can refuse it by destroying the socket. */
  connectionAttempt: [socket: Socket, info: ConnectionAttemptInfo];
  /** A connection has sent no byte in time; see {@link Server.connectionAttemptTimeout}. */
  connectionAttemptTimeout: [socket: Socket];
  /** A connection was refused. `reason` gives the cause. */
  drop: [drop: DropData];
  error: [error: Error];
  listening: [];
}
