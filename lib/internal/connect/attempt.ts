import { errnoByName } from '../native/binding';
import { debug } from '../base/diagnostics';
import { ERR_IP_BLOCKED } from '../base/errors';
import { exceptionWithHostPort } from '../base/system-errors';
import { connectDenial } from '../base/permission';
import { kConnectCall, kHandle } from '../base/symbols';
import type { ConnectCallback, Handle } from '../native/handle';
import { Pipe } from '../native/pipe';
import type { TCP } from '../native/tcp';
import { setOptionsBeforeConnect, refusal } from '../options/lazy-options';
import type { CallUnderWay, SocketImpl } from '../socket/socket-state';

/** One call of `connect()`, and its attempt if it has one only: no race and no timer. */

const UV_ENOENT = errnoByName('ENOENT');

export type Family = 4 | 6;

/** An address to connect to. */
export interface Target {
  readonly address: string;
  readonly family: Family;
}

/** An address with its port, or a path, which has neither port nor family. */
export interface Destination {
  readonly address: string;
  readonly port?: number;
  readonly family?: Family;
}

/**
 * One call of `connect()`. What it waits for may come when the socket is at something else by now:
 * ended, or connecting by a later call. So whatever a call has begun asks it first.
 */
export class ConnectCall implements CallUnderWay {
  readonly handle: Handle;
  /** Its race, if it has one. */
  race: CallUnderWay | undefined;

  constructor(
    readonly socket: SocketImpl,
    private readonly succeed: (socket: SocketImpl) => void,
  ) {
    this.handle = socket[kHandle]!;
    // Of several calls in the same life of a socket the last one is answered; what the kernel was asked
    // for already goes on, and makes the later ones fail.
    socket[kConnectCall]?.stopWaiting();
    socket[kConnectCall] = this;
  }

  /** Whether the socket connects by this call's handle: `destroy()` takes it away for good. */
  get isPending(): boolean {
    return this.socket.connecting && this.socket[kHandle] === this.handle;
  }

  /** Whether no other call came after this one: a lookup's answer is of use to the last one only. */
  get isLatest(): boolean {
    return this.socket[kConnectCall] === this;
  }

  stopWaiting(): void {
    this.race?.stopWaiting();
  }

  connected(): void {
    this.socket[kConnectCall] = undefined;
    this.succeed(this.socket);
  }

  fail(error: Error): void {
    if (this.isPending) this.socket.destroy(error);
  }
}

/** Whether the socket's block list forbids to connect there. */
export function isBlocked(socket: SocketImpl, { address, family }: Target): boolean {
  return socket.blockList?.check(address, `ipv${family}`) === true;
}

/** Connects by the handle of the call, from any local end. */
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

/** @returns 0, after which `done` is called, or a status */
function begin(
  handle: Handle,
  { address, port, family }: Destination,
  done: ConnectCallback,
): number {
  if (family === undefined) return (handle as Pipe).connect(address, done);
  if (handle instanceof Pipe) {
    // A pipe of node:net takes the address for the path of a socket, and no socket has that name. A
    // connect to a path that is under way comes to nothing, there too.
    process.nextTick(done, UV_ENOENT);
    return 0;
  }
  const tcp = handle as TCP;
  return family === 6 ? tcp.connect6(address, port!, done) : tcp.connect(address, port!, done);
}

/** Tells the socket what became of the attempt. */
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
  // A listener may have connected it anew.
  if (socket[kHandle] === call.handle) socket.destroy(error);
}
