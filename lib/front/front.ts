import { AsyncResource } from 'node:async_hooks';
import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
} from '../internal/base/errors';
import { errnoException } from '../internal/base/system-errors';
import { isIP } from '../internal/base/ip';
import { kAcceptedOptions, kAttemptTimeout, kLimits } from '../internal/base/symbols';
import { setupListenHandle } from '../internal/listen/start';
import { Server } from '../internal/listen/server';
import type { ServerImpl } from '../internal/listen/server-impl';
import { binding } from '../internal/native/binding';
import type { ProxyParts } from '../internal/native/native-types';
import type { SocketName } from '../internal/native/handle-events';
import { TCP } from '../internal/native/tcp';
import { applyAcceptedTo } from '../internal/options/lazy-options';
import { uncount } from '../internal/socket/closing';
import type * as declared from '../types/front';
import {
  acceptHandle,
  beginWith,
  expectFirstByte,
  keepHeader,
  nameByHeader,
  openHandles,
  socketOf,
  startAccepting,
  type AcceptedHandle,
} from './accepted';
import { closeFront } from './closing';
import { metrics } from './metrics';
import { keepSessions } from './sessions';
import { deliver, StandIn } from './stand-in';

const settings = [
  'allowHalfOpen',
  'pauseOnConnect',
  'noDelay',
  'keepAlive',
  'keepAliveInitialDelay',
  'highWaterMark',
] as const;

/**
 * The listener of a server of uvnet, with another consumer: the descriptors that it accepts become
 * sockets of Node.
 */
export class Front extends Server {
  /** The context of `listen()`, in which the server's events occur. */
  private context: AsyncResource | undefined;
  /** The last call of `listen()` that has come to its end. Before that, a name is looked up. */
  private settledId = this._listeningId;

  constructor(
    readonly server: nodeNet.Server,
    options: declared.FrontOptions,
  ) {
    super(options);
    if ((options as { receiveDescriptors?: unknown }).receiveDescriptors === true) {
      throw new ERR_INVALID_ARG_VALUE(
        'options.receiveDescriptors',
        true,
        'is not possible with sockets of node:net',
      );
    }
    keepSessions(server);
    // As if the server had been created with them.
    for (const name of settings) {
      if (options[name] !== undefined) Object.assign(server, { [name]: this[name] });
    }
  }

  override _listen2(...place: Parameters<ServerImpl['_listen2']>): void {
    startAccepting();
    this.settledId = this._listeningId;
    setupListenHandle.apply(this, place);
    const handle = this._handle;
    if (handle === null) return;
    const status = binding.transferSockets(handle.id);
    if (status !== 0) throw errnoException(status, 'listen');
    this.context = new AsyncResource('UVNETFRONT');
    const kind = handle instanceof TCP ? 'TCP' : 'Pipe';
    handle.onsocket = (fd, slot, proxied) => this.accept(kind, fd, slot, proxied);
    StandIn.attach(this.server, this, place);
  }

  /** Runs outside that context: a socket does not belong to it. */
  private accept(
    kind: 'TCP' | 'Pipe',
    fd: number,
    slot: number,
    parts: ProxyParts | undefined,
  ): void {
    let handle;
    try {
      handle = acceptHandle(this, kind, fd, slot);
    } catch (error) {
      this.emit('acceptError', error);
      return;
    }
    this._connections++;
    if (this[kAcceptedOptions] !== undefined) applyAcceptedTo(this, fd);
    if (parts !== undefined) {
      nameByHeader(handle, parts);
      const head = parts[9];
      if (head !== undefined) beginWith(handle, head);
    }
    if (this[kLimits].hasNodeList && this.isBlocked(handle)) {
      handle.close();
      return;
    }
    if (this[kAttemptTimeout] > 0) {
      expectFirstByte(handle, this[kAttemptTimeout], () => this.late(handle));
    }
    try {
      this.give(handle);
    } finally {
      if (parts !== undefined) keepHeader(handle);
    }
  }

  private give(handle: AcceptedHandle): void {
    if (this.context!.runInAsyncScope(deliver, undefined, this.server, handle)) return;
    // Nobody closes a server to get more connections.
    handle.close();
    this.stop();
  }

  /** The native code cannot ask the lists of `node:net`. */
  private isBlocked(handle: AcceptedHandle): boolean {
    const name: SocketName = {};
    handle.getpeername?.(name);
    const family = isIP(name.address);
    return family !== 0 && this.blockList!.check(name.address!, `ipv${family}`);
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
    return stats;
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
 * @param server - of `node:net`, `node:http`, `node:https`, `node:http2` or `node:tls`
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ERR_FEATURE_UNAVAILABLE_ON_PLATFORM on Windows,
 *   where sockets cannot be transferred
 */
export function createFront(
  server: nodeNet.Server,
  options: declared.FrontOptions = {},
): declared.Front {
  if (process.platform === 'win32') throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('createFront()');
  if (!(server instanceof netModule().Server)) {
    throw new ERR_INVALID_ARG_TYPE('server', 'net.Server', server);
  }
  return new Front(server, options) as unknown as declared.Front;
}
