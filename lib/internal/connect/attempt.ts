import { errnoByName } from '../native/binding';
import { debug } from '../base/diagnostics';
import { ERR_IP_BLOCKED } from '../base/errors';
import { exceptionWithHostPort } from '../base/system-errors';
import { connectDenial } from '../base/permission';
import { kConnectCall, kConnected, kHandle } from '../base/symbols';
import type { ConnectCallback, Handle } from '../native/handle';
import { Pipe } from '../native/pipe';
import type { TCP } from '../native/tcp';
import { setOptionsBeforeConnect, refusal } from '../options/lazy-options';
import type { CallUnderWay } from '../socket/socket-state';
import type { Dialling } from './dialling';

/** A call of `connect()`, and the single attempt of a call without a race and without a timer. */

const UV_ENOENT = errnoByName('ENOENT');

export type Family = 4 | 6;

/** An address to connect to. */
export interface Target {
  readonly address: string;
  readonly family: Family;
}

/** An address with its port, or a path. A path has no port and no family. */
export interface Destination {
  readonly address: string;
  readonly port?: number;
  readonly family?: Family;
}

/**
 * One call of `connect()`. When a result arrives, the socket may have ended or may be connecting
 * for a later call. So every callback first checks the state of its call here.
 */
export class ConnectCall implements CallUnderWay {
  readonly handle: Handle;
  /** The race of this call, if it has one. */
  race: CallUnderWay | undefined;

  constructor(readonly socket: Dialling) {
    this.handle = socket[kHandle]!;
    // If `connect()` is called several times without `destroy()`, the last call gets the result. A
    // connect that the kernel has already started goes on, and makes the later calls fail.
    socket[kConnectCall]?.stopWaiting();
    socket[kConnectCall] = this;
  }

  /**
   * Whether the socket is connecting with the handle of this call. `destroy()` removes the handle
   * for good.
   */
  get isPending(): boolean {
    return this.socket.connecting && this.socket[kHandle] === this.handle;
  }

  /** Whether this is the most recent call. The result of a lookup is only useful for that call. */
  get isLatest(): boolean {
    return this.socket[kConnectCall] === this;
  }

  stopWaiting(): void {
    this.race?.stopWaiting();
  }

  connected(): void {
    this.socket[kConnectCall] = undefined;
    this.socket[kConnected]();
  }

  fail(error: Error): void {
    if (this.isPending) this.socket.destroy(error);
  }
}

/** Whether the block list of the socket contains the address. */
export function isBlocked(socket: Dialling, { address, family }: Target): boolean {
  return socket.blockList?.check(address, `ipv${family}`) === true;
}

/** Connects with the handle of the call, from any local address. */
export function attempt(call: ConnectCall, destination: Destination): void {
  const { socket, handle } = call;
  const { address, port, family } = destination;
  const refused = setOptionsBeforeConnect(socket, handle);
  if (refused !== undefined) {
    socket.destroy(refused);
    return;
  }
  debug('connect: attempting %s:%s (IPv%s)', address, port, family);
  socket.emit('connectionAttempt', address, port, family);
  if (!call.isPending) return;
  const forbidden =
    family !== undefined && isBlocked(socket, { address, family })
      ? new ERR_IP_BLOCKED(address)
      : connectDenial(address, port);
  if (forbidden !== undefined) {
    socket.destroy(forbidden);
    return;
  }
  const status = begin(handle, destination, (result) => settle(call, result, destination));
  if (status === 0) return;
  const { address: from, port: fromPort } = socket._getsockname();
  socket.destroy(
    refusal(handle, status) ??
      exceptionWithHostPort(status, 'connect', address, port, `${from}:${fromPort}`),
  );
}

/**
 * Starts the connect.
 *
 * @returns 0, and `done` is called later; or a status
 */
function begin(
  handle: Handle,
  { address, port, family }: Destination,
  done: ConnectCallback,
): number {
  if (family === undefined) return (handle as Pipe).connect(address, done);
  if (handle instanceof Pipe) {
    // A pipe of node:net treats the address as the path of a socket, which never exists. A path
    // connect in progress has no result in that case either.
    process.nextTick(done, UV_ENOENT);
    return 0;
  }
  const tcp = handle as TCP;
  return family === 6 ? tcp.connect6(address, port!, done) : tcp.connect(address, port!, done);
}

/** Passes the result of the attempt to the socket. */
function settle(call: ConnectCall, result: number, { address, port, family }: Destination): void {
  if (!call.isPending) return;
  if (result === 0) {
    call.connected();
    return;
  }
  const { socket } = call;
  const error = exceptionWithHostPort(result, 'connect', address, port);
  socket.connecting = false;
  socket._sockname = null;
  socket.emit('connectionAttemptFailed', address, port, family, error);
  // A listener may have connected the socket again.
  if (socket[kHandle] === call.handle) socket.destroy(error);
}
