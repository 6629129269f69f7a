import type { SystemError } from '../internal/base/system-errors';
import type { DropData } from '../internal/listen/accept';
import type { ConnectionAttemptInfo } from '../internal/listen/admission';

/** The events of sockets and servers, with what their listeners are called with. */

export type Listener<Args extends unknown[]> = (...args: Args) => void;

/** As in node:net: any listener will do for an event that is not known. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
export type AnyListener = (...args: any[]) => void;

/** Events of a {@link Socket}. */
export interface SocketEvents<Descriptor> {
  /** The socket is closed; whether because of an error. */
  close: [hadError: boolean];
  /** The connection is there. */
  connect: [];
  /** An address is tried; of a path, `port` and `family` are undefined. */
  connectionAttempt: [address: string, port: number, family: number];
  /** An address could not be connected to. */
  connectionAttemptFailed: [address: string, port: number, family: number, error: Error];
  /** An address has not answered in time, and the next one is tried as well. */
  connectionAttemptTimeout: [address: string, port: number, family: number];
  /** Bytes, or a text after `setEncoding()`. */
  data: [data: string | Buffer<ArrayBuffer>];
  /** What was written has left, after `write()` had returned false. */
  drain: [];
  /** The peer has ended. */
  end: [];
  error: [error: Error];
  finish: [];
  /** A descriptor has arrived over a unix socket; `position` is where in the bytes it came. */
  descriptor: [descriptor: Descriptor, position: number];
  /** A name was looked up. */
  lookup: [error: Error | null, address: string, family: number | null, host: string];
  pause: [];
  pipe: [source: NodeJS.ReadableStream];
  readable: [];
  /** The socket can be used, right after 'connect'. */
  ready: [];
  resume: [];
  /** No byte has moved for the time that `setTimeout()` was given. */
  timeout: [];
  unpipe: [source: NodeJS.ReadableStream];
}

/** Events of a {@link Server}. */
export interface ServerEvents<Socket> {
  /** Connections could not be accepted, for want of descriptors or memory; it is tried again. */
  acceptError: [error: SystemError];
  /** The server and all its connections are closed. */
  close: [];
  /** A connection was let in. */
  connection: [socket: Socket];
  /** A connection has come in; a listener that destroys the socket refuses it. */
  connectionAttempt: [socket: Socket, info: ConnectionAttemptInfo];
  /** A connection has sent nothing in time; see {@link Server.connectionAttemptTimeout}. */
  connectionAttemptTimeout: [socket: Socket];
  /** A connection was not let in; `reason` says why. */
  drop: [drop: DropData];
  error: [error: Error];
  listening: [];
}
