import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import type { SocketName } from '../internal/native/handle-events';
import type { AcceptedHandle } from './accepted';

/**
 * What a server of Node has in place of a listening handle while a front accepts for it: the
 * worker of a cluster, whose primary accepts, has such an object, too. The server calls itself
 * listening, its 'listening' starts all that http does for its connections, and `onconnection`,
 * Node's own function, makes the sockets.
 */

/** A front, as its stand-ins see it. */
export interface Listening {
  readonly _handle: { getAsyncId(): number; getsockname?(out: SocketName): number } | null;
  readonly _pipeName?: string;
  /** Stops accepting. */
  stop(): void;
  ref(): unknown;
  unref(): unknown;
}

interface Internals {
  _handle: { onconnection?: (status: number, handle: AcceptedHandle) => void } | null;
  _pipeName?: string | undefined;
  _listen2: (...place: unknown[]) => void;
}

export class StandIn {
  private readonly fronts = new Set<Listening>();
  /** Node's own function, which `_listen2` sets. */
  onconnection?: (status: number, handle: AcceptedHandle) => void;
  getsockname?: (out: SocketName) => number;

  /** Has the server listen by a stand-in, unless it listens already. */
  static attach(server: nodeNet.Server, front: Listening, place: unknown[]): void {
    const internals = server as unknown as Internals;
    const { _handle: present } = internals;
    if (present !== null) {
      if (present instanceof StandIn) present.fronts.add(front);
      return;
    }
    const standIn = new StandIn();
    standIn.fronts.add(front);
    const { _handle: handle, _pipeName: path } = front;
    if (handle?.getsockname !== undefined) {
      standIn.getsockname = (out) => front._handle?.getsockname?.(out) ?? 0;
    } else {
      internals._pipeName = path;
    }
    internals._handle = standIn;
    const { _listen2 } = netModule().Server.prototype as unknown as Internals;
    _listen2.apply(server, place);
  }

  /** The front does not listen any more; the server closes with its last one. */
  static detach(server: nodeNet.Server, front: Listening): void {
    const { _handle: standIn } = server as unknown as Internals;
    if (!(standIn instanceof StandIn)) return;
    standIn.fronts.delete(front);
    if (standIn.fronts.size === 0) server.close();
  }

  // What Node calls on the handle of a server.

  listen(): number {
    return 0;
  }

  close(callback?: () => void): void {
    for (const front of [...this.fronts]) front.stop();
    this.fronts.clear();
    if (callback !== undefined) process.nextTick(callback);
  }

  ref(): void {
    for (const front of this.fronts) front.ref();
  }

  unref(): void {
    for (const front of this.fronts) front.unref();
  }

  getAsyncId(): number {
    const [front] = this.fronts;
    return front?._handle?.getAsyncId() ?? 0;
  }
}

/** Gives a connection to a server. False if the server does not listen any more. */
export function deliver(server: nodeNet.Server, handle: AcceptedHandle): boolean {
  const { _handle: listening } = server as unknown as Internals;
  if (listening?.onconnection === undefined) return false;
  listening.onconnection(0, handle);
  return true;
}
