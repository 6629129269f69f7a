import { AsyncResource } from 'node:async_hooks';
import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
} from '../internal/base/errors';
import { errnoException } from '../internal/base/system-errors';
import { isMadeBy } from '../internal/base/made-by';
import { validateBoolean, validateInteger, validateObject } from '../internal/base/validators';
import { kAcceptedOptions, kAttemptTimeout, kLimits } from '../internal/base/symbols';
import { isBlocked } from '../internal/listen/accept';
import { setupListenHandle } from '../internal/listen/start';
import { Server } from '../internal/listen/server';
import type { ServerImpl } from '../internal/listen/server-impl';
import { binding } from '../internal/native/binding';
import type { SniffedParts } from '../internal/native/native-types';
import type { SocketName } from '../internal/native/handle-events';
import { TCP } from '../internal/native/tcp';
import { applyAcceptedTo } from '../internal/options/lazy-options';
import type { PackedHeader } from '../internal/proxy/packed-header';
import { uncount } from '../internal/socket/closing';
import type * as declared from '../types/front';
import {
  acceptHandle,
  expectFirstByte,
  openHandles,
  socketOf,
  startAccepting,
  takeHeader,
  type AcceptedHandle,
} from './accepted';
import { closeFront, endClosing } from './closing';
import { metrics } from './metrics';
import { keepSessions } from './sessions';
import { Routing } from './routing';
import { deliver, listens, StandIn } from './stand-in';
import type { Choose } from './targets';

const settingNames = [
  'allowHalfOpen',
  'pauseOnConnect',
  'noDelay',
  'keepAlive',
  'keepAliveInitialDelay',
  'highWaterMark',
] as const;

/** HAProxy's examples wait 5 seconds for a ClientHello. Twice that covers more lost segments. */
const DEFAULT_SNIFF_TIMEOUT = 10_000;

/**
 * The listener of a server of uvnet, with another consumer: the descriptors that it accepts become
 * sockets of Node.
 */
export class Front extends Server {
  /** The context of `listen()`, in which the server's events occur. */
  private context: AsyncResource | undefined;
  /** The last call of `listen()` that has come to its end. Before that, a name is looked up. */
  private settledId = this._listeningId;
  /** The arguments of `_listen2`. */
  private place: unknown[] = [];
  private readonly settings: Readonly<Record<string, unknown>>;
  /** The servers that listen through the front. */
  readonly servers = new Set<nodeNet.Server>();
  /** Servers that were closed by themselves while the front listened. They stay closed. */
  private closed = new WeakSet<nodeNet.Server>();
  readonly routing: Routing | undefined;
  /** The server, unless a function chooses one. */
  private readonly only: nodeNet.Server | undefined;
  /** A listener of the servers' event 'close'. */
  private readonly ended: (this: nodeNet.Server) => void;

  constructor(server: nodeNet.Server | Choose, options: declared.FrontOptions) {
    super(options);
    if ((options as { receiveDescriptors?: unknown }).receiveDescriptors === true) {
      throw new ERR_INVALID_ARG_VALUE(
        'options.receiveDescriptors',
        true,
        'is not possible with sockets of node:net',
      );
    }
    const { maxConnections } = options;
    if (maxConnections !== undefined) {
      validateInteger(maxConnections, 'options.maxConnections', 0);
      this.maxConnections = maxConnections;
    }
    const forget = (one: nodeNet.Server): void => {
      if (this.servers.delete(one)) this.closed.add(one);
    };
    this.ended = function () {
      forget(this);
    };
    const given = settingNames.filter((name) => options[name] !== undefined);
    this.settings = Object.fromEntries(given.map((name) => [name, this[name]]));
    if (typeof server === 'function') {
      const { sniffTimeout = DEFAULT_SNIFF_TIMEOUT } = options;
      validateInteger(sniffTimeout, 'options.sniffTimeout', 1, 2 ** 31 - 1);
      this[kLimits].policy.setSniff(sniffTimeout);
      this.routing = new Routing(this, server);
    } else {
      this.only = server;
      this.prepare(server);
    }
  }

  private prepare(server: nodeNet.Server): void {
    this.servers.add(server);
    keepSessions(server);
    // As if the server had been created with them.
    Object.assign(server, this.settings);
  }

  get isShared(): boolean {
    return this.routing !== undefined;
  }

  override _listen2(...place: Parameters<ServerImpl['_listen2']>): void {
    startAccepting();
    this.settledId = this._listeningId;
    setupListenHandle.apply(this, place);
    const handle = this._handle;
    if (handle === null) return;
    const status = binding.transferSockets(handle.id);
    if (status !== 0) throw errnoException(status, 'listen');
    endClosing(this);
    this.context = new AsyncResource('UVNETFRONT');
    const kind = handle instanceof TCP ? 'TCP' : 'Pipe';
    handle.onsocket = this.accept.bind(this, kind);
    this.place = place;
    this.closed = new WeakSet();
    for (const server of this.servers) StandIn.attach(server, this, place);
  }

  /** A server that the function has chosen listens from now on. True if this is its first time. */
  attach(server: nodeNet.Server): boolean {
    if (this.servers.has(server) || (this.closed.has(server) && !server.listening)) return false;
    this.prepare(server);
    // Until its last connection has ended, the end of the front concerns it.
    server.once('close', this.ended);
    StandIn.attach(server, this, this.place);
    return true;
  }

  /** The front does not listen for the server any more. */
  detach(server: nodeNet.Server): void {
    // A function may choose other servers when the front listens again.
    if (this.isShared) this.servers.delete(server);
    server.off('close', this.ended);
    StandIn.detach(server, this);
  }

  /** Calls a function in the context of `listen()`. */
  run<Result>(fn: (...args: never[]) => Result, ...args: unknown[]): Result {
    return this.context!.runInAsyncScope(fn as (...args: unknown[]) => Result, undefined, ...args);
  }

  /** Emits an event in the context of `listen()`. */
  report(event: string, ...args: unknown[]): void {
    this.context!.runInAsyncScope(this.emit, this, event, ...args);
  }

  /** Runs outside that context: a socket does not belong to it. */
  private accept(
    kind: 'TCP' | 'Pipe',
    fd: number,
    slot: number,
    sniffed: SniffedParts | undefined,
    header: PackedHeader | undefined,
  ): void {
    let handle;
    try {
      handle = acceptHandle(this, kind, fd, slot);
    } catch (error) {
      this.report('acceptError', error);
      return;
    }
    this._connections++;
    if (this[kAcceptedOptions] !== undefined) applyAcceptedTo(this, fd);
    if (header !== undefined) takeHeader(handle, header);
    if (this.routing !== undefined) {
      this.routing.arrive(handle, sniffed);
      return;
    }
    if (this[kLimits].hasNodeList && this.isBlocked(handle)) {
      handle.close();
      return;
    }
    if (this[kAttemptTimeout] > 0) {
      expectFirstByte(handle, this[kAttemptTimeout], () => this.late(handle));
    }
    this.give(handle);
  }

  private give(handle: AcceptedHandle): void {
    const { only: server } = this;
    if (server !== undefined && listens(server)) {
      // Without the rest parameter of run(), which would make two arrays for each connection.
      this.context!.runInAsyncScope(deliver, undefined, server, handle);
      return;
    }
    // Nobody closes a server to get more connections.
    handle.close();
    this.stop();
  }

  /** The native code cannot ask the lists of `node:net`. */
  private isBlocked(handle: AcceptedHandle): boolean {
    const name: SocketName = {};
    handle.getpeername?.(name);
    return isBlocked(this, name.address);
  }

  private late(handle: AcceptedHandle): void {
    const socket = socketOf(handle);
    if (socket === undefined || socket.destroyed) return;
    if (!this.emit('connectionAttemptTimeout', socket)) socket.destroy();
  }

  get fd(): number {
    return this._handle?.fd ?? -1;
  }

  /** A connection has closed. */
  left(): void {
    uncount(this);
  }

  /** Stops accepting, or does not even begin. */
  stop(): void {
    if (this._handle === null && this._listeningId === this.settledId) return;
    super.close();
    this.settledId = this._listeningId;
  }
}

const { asyncDispose } = Symbol as unknown as { asyncDispose?: symbol };

Object.assign(Front.prototype, {
  // A worker that leaves its cluster calls it with a callback, as it calls `net.Server#close()`.
  close(this: Front, options?: declared.FrontCloseOptions | (() => void)) {
    if (typeof options !== 'function') return closeFront(this, options);
    const result = closeFront(this);
    void result.then(() => process.nextTick(options));
    return result;
  },

  metrics(this: Front, options?: declared.MetricsOptions) {
    return metrics(this as never, options);
  },

  stats(this: Front) {
    const stats = this[kLimits].policy.stats();
    for (const { bytesRead, bytesWritten } of openHandles(this)) {
      stats.bytesRead += bytesRead;
      stats.bytesWritten += bytesWritten;
    }
    const { relays = 0, relayErrors = 0 } = this.routing ?? {};
    return { ...stats, relays, relayErrors };
  },
  ...(asyncDispose !== undefined && {
    async [asyncDispose](this: Front) {
      await closeFront(this);
    },
  }),
});

/**
 * Makes a front: it listens in place of a server of Node, with uvnet's filters and limits, and
 * gives it the connections that pass, as sockets of Node's own. So the server and all that is
 * built on it behave as with their own `listen()`.
 *
 * With a function and `sniff: true`, several servers share the port. As soon as the first bytes of a
 * connection show its protocol, the function is called, and returns who gets the connection. The
 * bytes are not consumed.
 *
 * @param server - of `node:net`, `node:http`, `node:https`, `node:http2` or `node:tls`; or a
 *   function that chooses one
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE;
 *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM on Windows, where sockets cannot be transferred
 */
export function createFront(
  server: nodeNet.Server | Choose,
  options: declared.FrontOptions = {},
): declared.Front {
  if (process.platform === 'win32') throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('createFront()');
  const isFunction = typeof server === 'function';
  if (isMadeBy(Server, server)) {
    const reason = 'is of uvnet, whose servers have the options of a front themselves';
    throw new ERR_INVALID_ARG_VALUE('server', server, reason);
  }
  if (!isFunction && !(server instanceof netModule().Server)) {
    throw new ERR_INVALID_ARG_TYPE('server', ['Server', 'Function'], server);
  }
  validateObject(options, 'options');
  const { sniff = false } = options;
  validateBoolean(sniff, 'options.sniff');
  if (sniff !== isFunction) {
    const reason = sniff ? 'needs a function that chooses a server' : 'must be true for a function';
    throw new ERR_INVALID_ARG_VALUE('options.sniff', sniff, reason);
  }
  return new Front(server, options) as unknown as declared.Front;
}
