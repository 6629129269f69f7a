import type { ServerStats } from '../internal/listen/accept-policy';
import {
  checkCloseOptions,
  endIdle,
  startGrace,
  type EndingConnections,
} from '../internal/listen/server-close';
import type { CloseOptions, ServerImpl } from '../internal/listen/server-impl';
import { binding } from '../internal/native/binding';
import { ERR_SERVER_NOT_RUNNING } from '../internal/base/errors';
import { errnoException, type SystemError } from '../internal/base/system-errors';
import { validateInteger } from '../internal/base/validators';
import { Handle } from '../internal/native/handle';
import type { SocketName } from '../internal/native/handle-events';
import type { TCP } from '../internal/native/tcp';
import { headIn } from '../internal/proxy/packed-header';
import { setupListenHandle } from '../internal/listen/start';
import { applyAccepted } from '../internal/options/lazy-options';
import {
  lacksKeepAlive,
  lacksNoDelay,
  onConnection,
  takeProxy,
  type DropData,
} from '../internal/listen/accept';
import { kAcceptedOptions, kAttemptTimeout, kLimits } from '../internal/base/symbols';
import { uncount } from '../internal/socket/closing';
import type { ListenOptions, ServerOptions } from '../internal/listen/server-options';
import { Server } from '../internal/listen/server';
import type { ConnectionOptions } from '../types/connection-options';
import type * as declared from '../types/interfaces';
import type { ServerHandlers, Socket } from '../types/interfaces';
import { asyncDispose } from './connection/async-dispose';
import {
  connectionOf,
  connectionsOf,
  type Connection,
  type ConnectionGroup,
} from './connection/connection';
import { UNOPENED } from './connection/state-bits';
import { transferHandle, transferSocket } from './transfer';
import { keepEnds } from './connection/ends';
import { framingOf } from './options/framing';
import { makeGroup } from './connection/delivery';
import { tableOf } from './connection/handlers';
import { holdUnread } from './connection/paused-input';
import { checkNames, namesOf } from './options/known-options';
import { listenNames } from './options/option-names';
import { awaitFirstByte } from './connection/timeouts';

/** Options of `listen()`: those of `net.createServer()` and `server.listen()` in one object. */
export interface LeanListenOptions extends ServerOptions, ListenOptions, ConnectionOptions {
  /** The most connections at once; further ones are dropped. Default: no limit. */
  maxConnections?: number | undefined;
  highWaterMark?: number | undefined;
  allowHalfOpen?: boolean | undefined;
}

const closeNames = namesOf<CloseOptions>({ gracePeriod: true, idleTimeout: true });

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE */
export function checkClose(options: CloseOptions): void {
  checkNames(options, closeNames);
  checkCloseOptions(options);
}

/**
 * A listener with a handler table. A `net.Server` inside does the listening, with its options,
 * limits and filters. The connections are not sockets.
 */
export class LeanServer<Data = unknown> {
  /**
   * Fulfilled when the server listens. Rejected if the server cannot listen, and with
   * ERR_SERVER_NOT_RUNNING if it was closed before it listened.
   */
  readonly ready: Promise<this>;
  /** Called when it begins to close, whoever closes it. @internal */
  whenClosing: () => void = () => {};
  private readonly base: ServerImpl;
  private readonly group: ConnectionGroup;

  /** @internal */
  constructor(options: LeanListenOptions, handlers: ServerHandlers<Data>) {
    checkNames(options, listenNames);
    const table = tableOf(handlers);
    const framing = framingOf(options.framing);
    const { maxConnections } = options;
    if (maxConnections !== undefined) validateInteger(maxConnections, 'options.maxConnections', 0);
    this.base = new Server(options);
    if (maxConnections !== undefined) this.base.maxConnections = maxConnections;
    this.group = makeGroup(table, this, options, framing);
    const { base } = this;
    base._listen2 = (...place) => {
      setupListenHandle.apply(base, place);
      this.install();
    };
    base.on('connection', (socket: Socket) => transferSocket(socket, this.group));
    const { close } = base;
    // In a cluster, whoever lets a worker disconnect closes the `net.Server` inside.
    base.close = (...args) => {
      this.whenClosing();
      return close.apply(base, args as [CloseOptions]);
    };
    base.on('drop', (drop: DropData) => this.group.table.drop(drop));
    base.on('acceptError', (error: SystemError) => this.group.table.acceptError(error));
    this.ready = new Promise((resolve, reject) => {
      base.on('close', () => {
        // A program that closes the server before it listens need not handle this promise.
        this.ready.catch(() => {});
        reject(new ERR_SERVER_NOT_RUNNING());
        this.group.finish();
      });
      base.once('listening', () => resolve(this));
      base.once('error', (error: Error) => {
        reject(error);
        this.group.finish();
      });
    });
    (base as unknown as declared.Server).listen({ ...options });
  }

  /** Replaces the handlers, for open connections too. */
  reload(handlers: ServerHandlers<Data>): void {
    this.group.table = tableOf(handlers);
  }

  /**
   * Stops accepting. The promise is fulfilled when the open connections have ended too. The options
   * are those of `net.Server#close()`: each connection that is or becomes idle is ended, and the
   * remaining ones are destroyed when the grace period is over.
   *
   * @throws (rejects with) ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ERR_INVALID_ARG_VALUE for an
   *   unknown option
   */
  async close(options?: CloseOptions): Promise<void> {
    if (options !== undefined) checkClose(options);
    const { base } = this;
    const closed = new Promise<void>((resolve) => base.close(() => resolve()));
    if (options !== undefined) startGrace(base, options, this.endings);
    await closed;
  }

  /**
   * Destroys all connections. The server goes on listening. After `close()`, this also closes
   * connections for which `open` was not called yet, without calling a handler.
   */
  closeAllConnections(): void {
    this.endings.destroyAll();
  }

  /**
   * Ends the connections that have moved no byte for `idleTimeout` milliseconds (default: 1000).
   * Each sends its waiting data first. The server goes on listening.
   *
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  closeIdleConnections(idleTimeout?: number): void {
    endIdle(this.endings, idleTimeout);
  }

  /**
   * Leaves new connections in the queue of the kernel, or accepts them again. This has no effect if
   * another process accepts, and on Windows.
   *
   * @internal
   */
  pauseAccepting(paused: boolean): void {
    const handle: unknown = this.base._handle;
    if (handle instanceof Handle) binding.pauseListener(handle.id, paused);
  }

  /** The same as {@link close}. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Returns the open connections: `open` was called for them, and `close` was not. */
  connections(): declared.Connection<Data>[] {
    return connectionsOf(this.group) as Connection<Data>[];
  }

  /**
   * Returns the numbers of connections accepted and dropped so far, and of bytes read and written.
   */
  stats(): ServerStats {
    return this.base[kLimits].policy.stats();
  }

  /** Returns the address on which it listens, as `net.Server#address()` does. */
  address(): SocketName | string | null {
    return (this.base as unknown as { address(): SocketName | string | null }).address();
  }

  /** The descriptor on which it listens, or -1. It belongs to this server. */
  get fd(): number {
    return this._handle?.fd ?? -1;
  }

  /** @internal */
  get _handle(): Handle | null {
    return this.base._handle;
  }

  /** The port on which it listens, or undefined for a path. */
  get port(): number | undefined {
    const address = this.address();
    return address !== null && typeof address === 'object' ? address.port : undefined;
  }

  /** Makes the server keep the process alive, which is the default. */
  ref(): this {
    (this.base as unknown as declared.Server).ref();
    return this;
  }

  /** Lets the process end while the server listens. */
  unref(): this {
    this.base.unref();
    return this;
  }

  private get endings(): EndingConnections {
    return {
      idle: (ms) => {
        const ids = this.base[kLimits].policy.idleHandles(ms);
        const found = ids.map((id) => connectionOf(id)).filter((one) => one !== undefined);
        return found.filter(({ group, state }) => group === this.group && (state & UNOPENED) === 0);
      },
      destroyAll: () => {
        this.group.refuses = this.base._handle === null;
        for (const connection of this.connections()) connection.destroy();
      },
    };
  }

  /** @internal */
  joined(): void {
    this.base._connections += 1;
  }

  /** @internal */
  opened(connection: Connection): void {
    const { base } = this;
    if (base[kAcceptedOptions] !== undefined) applyAccepted(base, connection.id);
    const handle = base._handle as TCP | null;
    if (handle?.setNoDelay !== undefined) {
      const { noDelay, keepAlive, keepAliveInitialDelay } = base;
      if (lacksNoDelay(base, handle)) binding.tcpNoDelay(connection.id, noDelay);
      if (lacksKeepAlive(base, handle)) {
        binding.tcpKeepAlive(connection.id, keepAlive, keepAliveInitialDelay, 0, 0);
      }
    }
    if (base[kAttemptTimeout] > 0) awaitFirstByte(connection, base[kAttemptTimeout]);
  }

  /** @internal */
  left(): void {
    uncount(this.base);
  }

  /** @internal */
  stopped(): void {
    this.left();
  }

  /**
   * Lets the native code add connections to the group directly, if it accepts them itself and can
   * check all limits.
   */
  private install(): void {
    const { base, group } = this;
    group.pauses = base.pauseOnConnect;
    const handle: unknown = base._handle;
    if (!(handle instanceof Handle) || base[kLimits].hasNodeList) return;
    const status = binding.leanListen(handle.id, group.number, base.pauseOnConnect);
    if (status !== 0) throw errnoException(status, 'listen');
    // The listener counts as a connection until all connections that it has accepted are known.
    this.joined();
    // Only errors, and connections with a PROXY header, still come through this function.
    handle.onconnection = (result, client) => {
      if (result !== 0) onConnection.call(handle as never, result, client as never);
      else this.onProxied(client as TCP);
    };
  }

  private onProxied(handle: TCP): void {
    const { proxied } = handle;
    const info = proxied === undefined ? undefined : takeProxy(handle, proxied);
    const names = { remote: {}, local: {} };
    handle.getpeername?.(names.remote);
    handle.getsockname?.(names.local);
    const connection = transferHandle(handle, this.group, true);
    if (info !== undefined) keepEnds(connection, { ...names, proxyInfo: info });
    const head = proxied === undefined ? undefined : headIn(proxied);
    if (head !== undefined) holdUnread(connection, head);
    if (!this.group.pauses) connection.resume();
  }
}

/**
 * Listens, and calls the handlers for the events of the connections. It returns the server at once.
 * Its promise `ready` is fulfilled when the server listens.
 *
 * @param options - those of `net.createServer()` and `server.listen()`, and {@link
 *   ConnectionOptions}
 * @throws for options and handlers of a wrong type, as `net.createServer()` and `server.listen()`
 */
export function listen<Data = unknown>(
  options: LeanListenOptions,
  handlers: ServerHandlers<Data>,
): LeanServer<Data> {
  return new LeanServer(options, handlers);
}
