import type { Handle } from '../native/handle';
import type { CallUnderWay, SocketImpl } from '../socket/socket-state';
import { kConnectCall, kHandle } from '../base/symbols';

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
