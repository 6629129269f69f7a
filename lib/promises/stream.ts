import { Buffer } from 'node:buffer';
import type * as web from 'node:stream/web';
import { ERR_INVALID_ARG_TYPE, ERR_SOCKET_CLOSED } from '../internal/base/errors';
import { lazyPart } from '../internal/base/parts';
import type { SocketInfo } from '../internal/options/socket-info';
import type {
  SocketOptionInputs,
  SocketOptionName,
  SocketOptionValues,
} from '../internal/options/socket-option-types';
import type { ProxyInfo } from '../internal/proxy/proxy-info';
import { asyncDispose } from '../lean/connection/async-dispose';
import { kMisframed } from '../lean/options/framing';
import type { Framing } from '../types/connection-options';
import type { Endpoint, Socket } from '../types/interfaces';
import { backend } from './backend';
import { Deferred } from './deferred';
import type { OperationOptions } from './operation';
import { Reader } from './reader';
import type { Transport, TransportHandlers } from './transport';
import {
  ahead,
  ANY,
  exactly,
  line,
  nextLine,
  some,
  until,
  type ReadLineOptions,
  type ReadUntilOptions,
} from './wants';
import type * as webStreams from './web-streams';
import { Writer } from './writer';

/** Options of {@link Stream.write}. */
export interface WriteOptions extends OperationOptions {
  /** Of text. Default: 'utf8'. */
  encoding?: BufferEncoding | undefined;
}

/** Bytes that may be there without anybody having asked for them, before reading stops. */
export const DEFAULT_HIGH_WATER_MARK = 64 * 1024;
// eslint-disable-next-line @typescript-eslint/no-require-imports -- few programs need them
const webPart = lazyPart(() => require('./web-streams') as typeof webStreams);

/**
 * A connection for async functions: every operation returns a promise; see docs/PROMISES.md.
 *
 * One read may be pending at a time. Writes may be many, and keep their order. A rejected read leaves
 * the stream as it was: the bytes that had come stay for the next one. Bytes are the caller's to keep.
 */
export class Stream {
  private readonly reader: Reader;
  private readonly writer: Writer;
  private isClosed = false;
  /** Why it is closed; undefined if that was in order. */
  private error: Error | undefined = undefined;
  /** What whatever waited was rejected with when it was closed. */
  private failure: Error | undefined = undefined;
  private closedPromise: Deferred<void> | undefined = undefined;

  /** @internal */
  constructor(
    private readonly transport: Transport,
    highWaterMark: number = DEFAULT_HIGH_WATER_MARK,
  ) {
    this.reader = new Reader(transport, highWaterMark);
    this.writer = new Writer(transport);
  }

  /**
   * Goes on with the connection of a socket, with what it has read and nobody took. The socket emits
   * 'close' without having ended the connection.
   *
   * @throws as `socket.toLean()`
   */
  static from(socket: Socket): Stream {
    const transport = backend.adopt(socket, streamHandlers);
    return (transport.data = new Stream(transport));
  }

  // -------------------------------------------------------------------------------------------
  // Reading

  /**
   * Reads the next bytes: as many as there are, at least one.
   *
   * @param max - the most bytes; the others stay. Default: any number
   * @returns null where the peer has ended
   * @throws (rejects with) ERR_INVALID_STATE while another read is pending; ERR_SOCKET_CLOSED where this
   *   side has closed the stream; the connection's error; see {@link OperationOptions}
   */
  read(max?: number, options?: OperationOptions): Promise<Buffer | null> {
    if (max === undefined && options === undefined) return this.reader.ask(ANY);
    return this.reader.read(some, max, options);
  }

  /**
   * Reads so many bytes.
   *
   * @throws (rejects with) ERR_UVNET_INCOMPLETE_READ where the peer ends before; what had come is its
   *   `partial`. Otherwise as {@link read}
   */
  readExactly(size: number, options?: OperationOptions): Promise<Buffer> {
    return this.reader.read(exactly, size, options);
  }

  /**
   * Reads up to a delimiter, which is taken off and is no part of the result.
   *
   * @param delimiter - at least one byte; a string is taken as UTF-8
   * @throws (rejects with) ERR_UVNET_INCOMPLETE_READ as {@link readExactly};
   *   ERR_UVNET_MESSAGE_TOO_LONG, and the bytes stay. Otherwise as {@link read}
   */
  readUntil(delimiter: string | Uint8Array, options?: ReadUntilOptions): Promise<Buffer> {
    return this.reader.read(until, delimiter, options);
  }

  /**
   * Reads a line, without the `\n` or `\r\n` at its end. The last line may have none.
   *
   * @returns null where the peer has ended
   * @throws (rejects with) ERR_UVNET_MESSAGE_TOO_LONG, and the bytes stay. Otherwise as {@link read}
   */
  readLine(options?: ReadLineOptions): Promise<string | null> {
    return this.reader.read(nextLine, undefined, options);
  }

  /**
   * All lines, as {@link readLine}. To leave the loop does not close the stream.
   *
   * @param options - `signal` and `timeout` are for each line
   */
  lines(options?: ReadLineOptions): AsyncIterableIterator<string, undefined> {
    return this.reader.iterate(line(options), options);
  }

  /**
   * Messages, cut natively as by the option `framing` of `uvnet/lean`. Until the loop is left, no other
   * read is possible; then reads go on behind the last message that was taken.
   *
   * @param options - `signal` and `timeout` are for each message; either also ends the loop
   * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE for a framing that makes no
   *   sense; ERR_INVALID_STATE while another read is pending. A connection that breaks the framing is
   *   closed, with the errors of docs/LEAN.md
   */
  messages(framing: Framing, options?: OperationOptions): AsyncIterableIterator<Buffer, undefined> {
    return this.reader.messages(framing, options);
  }

  /**
   * Looks at the first bytes, which stay to be read: so many, or fewer where the peer has ended.
   *
   * @throws (rejects) as {@link read}
   */
  peek(size: number, options?: OperationOptions): Promise<Buffer> {
    return this.reader.read(ahead, size, options);
  }

  /**
   * Gives bytes back, in front of all others. They must not be changed afterwards.
   *
   * @throws ERR_INVALID_ARG_TYPE; ERR_INVALID_STATE while a read is pending, and in `messages()`
   */
  unread(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) {
      throw new ERR_INVALID_ARG_TYPE('bytes', 'Uint8Array', bytes);
    }
    const { buffer, byteOffset, length } = bytes;
    this.reader.unread(Buffer.from(buffer, byteOffset, length));
  }

  /** All bytes, as {@link read}. To leave the loop does not close the stream. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer, undefined> {
    return this.reader.iterate(ANY);
  }

  // -------------------------------------------------------------------------------------------
  // Writing

  /**
   * Sends text or bytes. It takes all of it at once, so that several writes keep their order. Bytes above
   * 8 KiB are not copied and must not be changed until they are sent.
   *
   * @returns a promise that is fulfilled when more may be written. It need not be looked at: where it is
   *   rejected, `closed` is rejected too
   * @throws (rejects with) ERR_STREAM_WRITE_AFTER_END; ERR_SOCKET_CLOSED; ERR_INVALID_ARG_TYPE; the
   *   connection's error. An abort or timeout ends the wait and not the sending
   */
  write(data: string | Uint8Array, options?: WriteOptions): Promise<void> {
    return this.writer.write(data, options?.encoding, options);
  }

  /** Sends several pieces in one system call; as {@link write} otherwise. */
  writev(chunks: readonly (string | Uint8Array)[], options?: OperationOptions): Promise<void> {
    return this.writer.writev(chunks, options);
  }

  /**
   * Ends this side, behind what was written. The peer's side stays open: reads go on.
   *
   * @returns a promise that is fulfilled when all is sent
   * @throws (rejects with) the connection's error
   */
  end(options?: OperationOptions): Promise<void> {
    return this.writer.end(options);
  }

  /**
   * Closes the connection once all that was written is sent, whether the peer has ended or not. What it
   * still sends is lost.
   *
   * @returns a promise that is fulfilled when it is closed
   * @throws (rejects with) the error of a connection that fails before
   */
  close(options?: OperationOptions): Promise<void> {
    return this.writer.close(options);
  }

  /** Closes the connection now. Whatever waits is rejected with the error, or ERR_SOCKET_CLOSED. */
  destroy(error?: Error): void {
    this.transport.destroy(error);
  }

  /** Closes the connection now, with a TCP reset. */
  resetAndDestroy(): void {
    this.transport.resetAndDestroy();
  }

  /**
   * Settled when the connection is closed: rejected where an error has closed it. It need not be looked
   * at.
   */
  get closed(): Promise<void> {
    if (this.closedPromise === undefined) {
      this.closedPromise = new Deferred<void>().ignored();
      if (this.isClosed) this.settleClosed();
    }
    return this.closedPromise.promise;
  }

  /** As {@link close}. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  // -------------------------------------------------------------------------------------------
  // The connection

  /** Whether the connection is open: not closed, and not given away. */
  get isOpen(): boolean {
    return !this.isClosed;
  }

  /** The peer's address; empty for Unix sockets. */
  get remote(): Endpoint {
    return this.transport.remote;
  }

  /** This end's address; empty for Unix sockets. */
  get local(): Endpoint {
    return this.transport.local;
  }

  /** What a PROXY header said about this connection; undefined where it had none. */
  get proxyInfo(): ProxyInfo | undefined {
    return this.transport.proxyInfo;
  }

  get bytesRead(): number {
    return this.transport.bytesRead;
  }

  get bytesWritten(): number {
    return this.transport.bytesWritten;
  }

  /** Bytes that came in and were not read. */
  get readableLength(): number {
    return this.reader.length;
  }

  /** Bytes that were written and that the kernel did not take yet. */
  get writableLength(): number {
    return this.transport.writableLength;
  }

  /** Sets a socket option; see docs/SOCKET_OPTIONS.md. */
  setOption<Name extends SocketOptionName>(name: Name, value: SocketOptionInputs[Name]): this {
    backend.setOption(this.transport, name, value);
    return this;
  }

  /** The value that the kernel has for a socket option; undefined without a connection. */
  getOption<Name extends SocketOptionName>(name: Name): SocketOptionValues[Name] | undefined {
    return backend.getOption(this.transport, name);
  }

  /** The kernel's view of the connection, now; undefined if there is none. */
  info(): SocketInfo | undefined {
    return backend.info(this.transport);
  }

  /** Lets the connection keep the process alive, as it does from the start. */
  ref(): this {
    this.transport.ref();
    return this;
  }

  /** Lets the process end while the connection is open. */
  unref(): this {
    this.transport.unref();
    return this;
  }

  /**
   * Goes on with the connection as a `Socket`, which gets what was not read. This stream is closed then.
   *
   * @throws ERR_SOCKET_CLOSED; ERR_INVALID_STATE while a read is pending, and after `end()`
   */
  toSocket(): Socket {
    if (this.isClosed) throw new ERR_SOCKET_CLOSED();
    const unread = this.reader.takeUnread();
    let socket: Socket;
    try {
      socket = backend.toSocket(this.transport, unread);
    } catch (error) {
      this.reader.unread(unread);
      throw error;
    }
    this.onClosed(undefined);
    return socket;
  }

  /** The bytes as a WHATWG stream, with BYOB readers. To cancel it destroys this stream. */
  get readable(): web.ReadableStream<Uint8Array> {
    return webPart().readableOf(this);
  }

  /** A WHATWG stream of what is to be sent. To close it is {@link end}, to abort it `destroy()`. */
  get writable(): web.WritableStream<string | Uint8Array> {
    return webPart().writableOf(this);
  }

  // -------------------------------------------------------------------------------------------
  // What happens to the transport

  /** Whether an operation was rejected with this error because the stream was closed. @internal */
  isOwnError(error: unknown): boolean {
    return error !== undefined && error === this.failure;
  }

  /** @internal */
  onData(bytes: Buffer): void {
    this.reader.onData(bytes);
  }

  /** @internal */
  onDrain(): void {
    this.writer.onDrain();
  }

  /** @internal */
  onFinish(): void {
    this.writer.onFinish();
  }

  /** @internal */
  onEnd(): void {
    this.reader.onEnd();
  }

  /** @internal */
  onMisframed(): void {
    this.reader.onMisframed();
  }

  /** @internal */
  onClosed(error: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.error = error;
    this.failure = error ?? new ERR_SOCKET_CLOSED();
    this.reader.onClosed(this.failure);
    this.writer.onClosed(this.failure, error);
    if (this.closedPromise !== undefined) this.settleClosed();
  }

  private settleClosed(): void {
    if (this.error === undefined) this.closedPromise!.resolve();
    else this.closedPromise!.reject(this.error);
  }
}

const streamOf = ({ data }: Transport): Stream => data as Stream;

/** What happens to transports, as their streams hear of it. */
export const streamHandlers: TransportHandlers = {
  open: () => {},
  data: (transport, bytes) => streamOf(transport).onData(bytes),
  drain: (transport) => streamOf(transport).onDrain(),
  finish: (transport) => streamOf(transport).onFinish(),
  end: (transport) => streamOf(transport).onEnd(),
  close: (transport, error) => streamOf(transport).onClosed(error),
  [kMisframed]: (transport) => streamOf(transport).onMisframed(),
};
