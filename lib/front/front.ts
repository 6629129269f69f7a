import { AsyncResource } from 'node:async_hooks';
import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_INVALID_ARG_TYPE } from '../internal/base/errors';
import { errnoException } from '../internal/base/system-errors';
import { setupListenHandle } from '../internal/listen/start';
import { Server } from '../internal/listen/server';
import type { ServerImpl } from '../internal/listen/server-impl';
import { binding } from '../internal/native/binding';
import type { ProxyParts } from '../internal/native/native-types';
import { TCP } from '../internal/native/tcp';
import { uncount } from '../internal/socket/closing';
import type * as declared from '../types/front';
import { acceptHandle, beginWith, keepHeader, nameByHeader, startAccepting } from './accepted';
import { closeFront } from './closing';
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

  constructor(
    readonly server: nodeNet.Server,
    options: declared.FrontOptions,
  ) {
    super(options);
    // As if the server had been created with them.
    for (const name of settings) {
      if (options[name] !== undefined) Object.assign(server, { [name]: this[name] });
    }
  }

  override _listen2(...place: Parameters<ServerImpl['_listen2']>): void {
    startAccepting();
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
    if (parts !== undefined) {
      nameByHeader(handle, parts);
      const head = parts[9];
      if (head.length > 0) beginWith(handle, head);
    }
    const isTaken = this.context!.runInAsyncScope(deliver, undefined, this.server, handle);
    if (!isTaken) handle.close();
    if (parts !== undefined) keepHeader(handle);
  }

  /** A connection has closed. */
  left(): void {
    uncount(this);
  }

  /** Stops accepting. */
  stop(): void {
    if (this._handle !== null) super.close();
  }
}

Object.assign(Front.prototype, {
  close(this: Front, options?: declared.FrontCloseOptions) {
    return closeFront(this, options);
  },
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
