import { onAbort, type Disposable } from '../internal/base/abort';
import {
  AbortError,
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_ARG_VALUE,
  ERR_SOCKET_CLOSED,
} from '../internal/base/errors';
import {
  kBoundPath,
  kBoundSource,
  kConnectCall,
  kConnected,
  kHandle,
  kKeepAlive,
  kNoDelay,
  kOptionPlan,
  kTypeOfService,
} from '../internal/base/symbols';
import { validateAbortSignal } from '../internal/base/validators';
import type { Dialling } from '../internal/connect/dialling';
import { checkPlace, startConnect } from '../internal/connect/start';
import { binding } from '../internal/native/binding';
import type { Handle } from '../internal/native/handle';
import type { SocketName } from '../internal/native/handle-events';
import { Pipe } from '../internal/native/pipe';
import { TCP } from '../internal/native/tcp';
import { applyConnected, keepTypeOfService } from '../internal/options/lazy-options';
import type { KeepAliveSetting } from '../internal/options/option-owners';
import { blockListOf, checkSocketOptions } from '../internal/socket/constructor-options';
import { applySettings, keepSettings } from '../internal/socket/settings';
import { takeHandle } from '../internal/socket/take-handle';
import type { Connection, ConnectionGroup } from './connection/connection';
import { onOpen } from './connection/delivery';
import type { GroupOwner } from './connection/group';
import { holdEnd } from './connection/paused-input';
import { UNOPENED } from './connection/state-bits';
import type { LeanConnectOptions } from './options/connect-options';
import { transferHandle } from './transfer';

/**
 * An outgoing connection of a handler table until it is open. The code for connecting treats it as
 * a socket, which would be several times the size of the connection. Nothing listens to its events.
 */
export class Connecting implements Dialling, GroupOwner<Connection> {
  connecting = false;
  [kHandle]: Handle | null = null;
  [kNoDelay] = false;
  [kKeepAlive]: KeepAliveSetting | null = null;
  [kTypeOfService]: number | undefined = undefined;
  [kConnectCall]: Dialling[typeof kConnectCall] = undefined;
  _host: string | null = null;
  _sockname: SocketName | null = null;
  // Most have none of these.
  declare [kOptionPlan]: Dialling[typeof kOptionPlan];
  declare [kBoundSource]: boolean;
  declare [kBoundPath]: string;
  declare blockList?: Dialling['blockList'];
  declare autoSelectFamilyAttemptedAddresses?: string[];
  private connection: Connection | undefined = undefined;
  private abortion: Disposable | undefined = undefined;
  private resolve!: (connection: Connection) => void;
  private reject!: (error: Error) => void;

  /** @throws as `new net.Socket()` */
  constructor(
    private readonly options: LeanConnectOptions,
    readonly group: ConnectionGroup,
  ) {
    checkSocketOptions(options);
    const { highWaterMark, signal } = options;
    if (highWaterMark != null && !(Number.isInteger(highWaterMark) && highWaterMark >= 0)) {
      throw new ERR_INVALID_ARG_VALUE('options.highWaterMark', highWaterMark);
    }
    if (signal) validateAbortSignal(signal, 'signal');
    keepTypeOfService(this, options.typeOfService);
    const blockList = blockListOf(options);
    if (blockList !== undefined) this.blockList = blockList;
    keepSettings(this, options);
    takeHandle(this, options);
    const handle = this[kHandle];
    if (handle === null) return;
    if (!(handle instanceof TCP || handle instanceof Pipe)) {
      throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(
        'connect() with a handle that uvnet did not create',
      );
    }
    binding.leanShareContext(handle.id, group.number);
  }

  start(resolve: (connection: Connection) => void, reject: (error: Error) => void): void {
    this.resolve = resolve;
    this.reject = reject;
    const { options } = this;
    const { signal } = options;
    try {
      checkPlace(options as never);
      if (signal?.aborted === true) {
        this.abort(signal);
        return;
      }
      if (signal) this.abortion = onAbort(signal, () => this.abort(signal));
      startConnect<Connecting>(this, options as never, addHandle);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  [kConnected](): void {
    this.connecting = false;
    const handle = this[kHandle]!;
    applySettings(this, handle as TCP);
    // A setting that the system refused has ended this.
    if (this[kHandle] === null) return;
    let connection;
    try {
      const refused = applyConnected(this);
      if (refused !== undefined) throw refused;
      connection = transferHandle(handle, this.group, false);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    this[kHandle] = null;
    this.connection = connection;
    this.group.finish();
    connection.state |= UNOPENED;
    if (this.options.readable === false) holdEnd(connection);
    connection.resume();
    if (this.options.writable === false) connection.end();
    // In the context of the group, as if the native code had recorded the event.
    if (connection.isOpen) onOpen(connection);
  }

  /** The connect has failed. */
  destroy(error?: Error): void {
    this.connecting = false;
    const handle = this[kHandle];
    this[kHandle] = null;
    this.abortion?.dispose();
    handle?.close();
    this.group.finish();
    this.reject(error ?? new ERR_SOCKET_CLOSED());
  }

  emit(event: string, error: unknown): void {
    if (event === 'error') this.destroy(error as Error);
  }

  _getsockname(): SocketName {
    const name: SocketName = {};
    const handle = this[kHandle];
    if (handle instanceof TCP) handle.getsockname(name);
    return name;
  }

  _unrefTimer(): void {}

  joined(): void {}

  opened(connection: Connection): void {
    this.resolve(connection);
    // A connection may last long. Without a signal, nothing of this is needed any more.
    if (this.abortion === undefined) this.group.owner = undefined;
  }

  left({ last, state }: Connection): void {
    this.abortion?.dispose();
    if ((state & UNOPENED) !== 0) this.reject(last?.error ?? new ERR_SOCKET_CLOSED());
  }

  stopped(): void {}

  private abort({ reason }: AbortSignal): void {
    const error = new AbortError(undefined, { cause: reason });
    if (this.connection === undefined) this.destroy(error);
    else this.connection.destroy(error);
  }
}

function addHandle(connecting: Connecting, pipe: boolean): void {
  const handle = pipe ? new Pipe(binding.pipeNew()) : new TCP(binding.tcpNew());
  binding.leanShareContext(handle.id, connecting.group.number);
  connecting[kHandle] = handle;
}
