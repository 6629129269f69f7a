import { errnoByName } from '../native/binding';
import { serverListenChannel, debug } from '../base/diagnostics';
import { uvExceptionWithHostPort } from '../base/system-errors';
import { anyAddress } from '../base/ip';
import { loadParts } from '../base/parts';
import { kLimits, kOptionPlan, kPathOptions } from '../base/symbols';
import { Handle } from '../native/handle';
import { TCP } from '../native/tcp';
import { setOptionsBeforeListen, setInheritedOnEach } from '../options/lazy-options';
import { onConnection, onDrop } from './accept';
import { handleFedBy, type NodeListener } from './node-listener';
import { endGrace } from './server-close';
import { createServerHandle } from './server-handle';
import type { ServerImpl } from './server-impl';

/** `server._listen2`: binds and listens. */

const UV_EALREADY = errnoByName('EALREADY');
const UV_EEXIST = errnoByName('EEXIST');

/** The kernel rounds backlog + 1 up to a power of two, so the queue has 512 places. */
const DEFAULT_BACKLOG = 511;

function fail(server: ServerImpl, error: Error): void {
  if (serverListenChannel.hasSubscribers) serverListenChannel.error.publish({ server, error });
  process.nextTick(() => server.emit('error', error));
}

/**
 * On Linux, connections inherit these options from the listening socket, so they need not be set
 * for each. This is done only for sockets that uvnet has created. Others may be shared with other
 * code.
 */
function setInheritedOptions(server: ServerImpl, handle: Handle): void {
  if (process.platform !== 'linux' || !(handle instanceof TCP)) return;
  if (server.noDelay && handle.setNoDelay(true) === 0) handle.inheritedNoDelay = true;
  const delay = server.keepAliveInitialDelay;
  if (server.keepAlive && handle.setKeepAlive(true, delay) === 0) {
    handle.inheritedKeepAlive = delay;
  }
}

/** Removes an unusable handle from the server. */
function abandon(server: ServerImpl): void {
  const handle = server._handle;
  server._handle = null;
  // If another server listens on the handle, that server keeps it.
  if (handle?.onconnection == null) handle?.close();
}

/** Makes the handle if the server has none, and listens on it. */
export function setupListenHandle(
  this: ServerImpl,
  address: string | null,
  port: number | null,
  addressType: number | null,
  backlog: number,
  fd?: number | null,
  flags?: number,
): void {
  debug('listen on', address, port, addressType, backlog, fd);
  const plan = this[kOptionPlan];
  try {
    loadParts();
    if (this._handle !== null) {
      const error = setOptionsBeforeListen(this._handle, plan);
      if (error !== undefined) throw error;
    } else {
      let made: Handle | number | null = null;
      if (!address && typeof fd !== 'number') {
        address = anyAddress(6);
        addressType = 6;
        made = createServerHandle(address, port, addressType, fd, flags, plan);
        if (typeof made === 'number') {
          made = null;
          address = anyAddress(4);
          addressType = 4;
        }
      }
      made ??= createServerHandle(address, port, addressType, fd, flags, plan, this[kPathOptions]);
      if (typeof made === 'number') {
        throw uvExceptionWithHostPort(made, 'listen', address, port as number);
      }
      this._handle = made;
      if (typeof fd !== 'number') setInheritedOptions(this, made);
    }
  } catch (error) {
    abandon(this);
    // If permissions forbid it, the error is thrown, as in Node.
    if ((error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED') throw error;
    fail(this, error as Error);
    return;
  }

  if (!((this._handle as object) instanceof Handle)) {
    setInheritedOnEach(this);
    this._handle = handleFedBy(this._handle as unknown as NodeListener);
  }
  const handle = this._handle;
  let status: number;
  try {
    status = handle.listen(backlog || DEFAULT_BACKLOG, this[kLimits].policy);
  } catch (error) {
    this._handle = null;
    throw error;
  }
  if (status !== 0) {
    if (status === UV_EALREADY) status = UV_EEXIST;
    abandon(this);
    fail(this, uvExceptionWithHostPort(status, 'listen', address, port as number));
    return;
  }
  // From now on events go to this server, even if another server listened on the handle before.
  handle.onconnection = onConnection as never;
  (handle as unknown as { owner: unknown }).owner = this;
  handle.ondrop = onDrop;
  endGrace(this);
  if (serverListenChannel.hasSubscribers) serverListenChannel.asyncEnd.publish({ server: this });
  this._connectionKey = `${addressType}:${address}:${port}`;
  if (this._unref) this.unref();
  process.nextTick(() => {
    if (this._handle !== null) this.emit('listening');
  });
}
