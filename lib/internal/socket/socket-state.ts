import type { Duplex } from 'node:stream';
import type { BlockList } from 'node:net';
import type { Handle } from '../native/handle';
import type { HandleOwner, SocketName } from '../native/handle-events';
import type { KeepAliveSetting } from '../options/option-owners';
import type { OptionPlan } from '../options/socket-options';
import type { ProxyInfo } from '../proxy/proxy-info';
import type { SocketInfo } from '../options/socket-info';
import type { Disposable } from '../base/abort';
import type * as symbols from '../base/symbols';

/** The parts of a stream's state that are the same from Node 20 to 26. */
interface ReadableStateView {
  readonly flowing: boolean | null;
  readonly length: number;
  readonly highWaterMark: number;
  readonly reading: boolean;
  readonly sync: boolean;
  readonly ended: boolean;
  readonly endEmitted: boolean;
  closeEmitted: boolean;
  errorEmitted: boolean;
  readonly destroyed: boolean;
  readonly dataEmitted: boolean;
  readonly decoder: unknown;
  readonly multiAwaitDrain: boolean;
  readonly awaitDrainWriters: unknown;
}

interface WritableStateView {
  readonly length: number;
  readonly highWaterMark: number;
  readonly ending: boolean;
  readonly corked: number;
  closeEmitted: boolean;
  errorEmitted: boolean;
  readonly errored: Error | null;
  readonly defaultEncoding: string;
  readonly destroyed: boolean;
}

/** The members of a server that its accepted sockets use. */
export interface AcceptingServer {
  _connections: number;
  _emitCloseIfDrained(): void;
}

/** A `connect()` in progress. */
export interface CallUnderWay {
  /** A later `connect()` replaces this one. */
  stopWaiting(): void;
}

/** A peek that waits for bytes. */
export interface PendingPeek {
  /** Bytes that were read but not consumed before; they come first. */
  readonly before: Buffer;
  /** Whether the handle was reading, and must go on reading afterwards. */
  readonly wasReading: boolean;
  resolve(bytes: Buffer): void;
  reject(error: Error): void;
  onClose(): void;
}

/** The internal view of a Socket. */
export interface SocketImpl extends Duplex, HandleOwner {
  readonly _readableState: ReadableStateView;
  readonly _writableState: WritableStateView;
  readonly writableBuffer?: readonly { chunk: string | Buffer; encoding: BufferEncoding }[];
  _undestroy(): void;

  [symbols.kHandle]: Handle | null;
  _handle: Handle | null;
  connecting: boolean;
  server: unknown;
  _server: AcceptingServer | null;
  _parent: SocketImpl | null;
  _host: string | null;
  _hadError: boolean;
  _closeAfterHandlingError: boolean;
  resetAndClosing?: boolean;
  timeout?: number;
  blockList?: BlockList;
  allowHalfOpen: boolean;
  autoSelectFamilyAttemptedAddresses?: string[];

  _sockname: SocketName | null;
  _peername: SocketName | null;
  _pendingData: unknown;
  _pendingEncoding: string;

  [symbols.kDispatched]: number | undefined;
  [symbols.kWriteCallback]: WriteCallback | null;
  [symbols.kShutdownCallback]: WriteCallback | null;
  [symbols.kLastWriteQueueSize]: number;
  [symbols.kBuffer]: Uint8Array | null;
  [symbols.kBufferGenerator]: (() => Uint8Array) | null;
  [symbols.kBufferCallback]: ((bytesWritten: number, buffer: Uint8Array) => boolean) | null;
  [symbols.kTimerDelay]: number;
  [symbols.kTimer]: NodeJS.Timeout | null;
  [symbols.kTouched]: number;
  [symbols.kTimedOut]: boolean;
  [symbols.kNoDelay]: boolean;
  [symbols.kKeepAlive]: KeepAliveSetting | null;
  [symbols.kTypeOfService]: number | undefined;
  [symbols.kPeek]?: PendingPeek | undefined;
  [symbols.kReceiveDescriptors]?: boolean;
  [symbols.kDescriptorsToSend]?: number;
  [symbols.kConnectCall]?: CallUnderWay | undefined;
  [symbols.kConnected](): void;
  [symbols.kWaiting]?: Set<() => void>;
  [symbols.kCloseReport]?: (() => void) | undefined;
  [symbols.kSignal]?: AbortSignal;
  [symbols.kAbortion]?: Disposable | undefined;
  [symbols.kOptionPlan]?: OptionPlan | undefined;
  [symbols.kPendingOptions]?: Map<number, number | string>;
  [symbols.kBytesRead]: number;
  [symbols.kBytesWritten]: number;
  [symbols.kBoundSource]?: boolean;
  [symbols.kProxy]?: ProxyInfo | undefined;
  [symbols.kBoundPath]?: string;

  setTimeout(msecs: number, callback?: () => void): SocketImpl;
  ref(): SocketImpl;
  unref(): SocketImpl;
  info(): SocketInfo | undefined;
  readonly bytesRead: number;
  readonly bytesWritten: number | undefined;
  _unrefTimer(): void;
  _onTimeout(): void;
  resetAndDestroy(): SocketImpl;
  _reset(): SocketImpl;
  _getsockname(): SocketName;
  _getpeername(): SocketName;
  _writeGeneric(vector: boolean, data: unknown, encoding: string, callback: WriteCallback): void;
  readonly _bytesDispatched: number;
}

export type WriteCallback = (error?: Error | null) => void;
