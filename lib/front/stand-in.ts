import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import { isMadeBy } from '../internal/base/made-by';
import { Server } from '../internal/listen/server';
import type { SocketName } from '../internal/native/handle-events';
import type { AcceptedHandle } from './accepted';

/**
 * What a server has in place of a listening handle while a front accepts for it: the
 * worker of a cluster, whose primary accepts, has such an object, too. The server calls itself
 * listening, its 'listening' starts all that http does for its connections, and `onconnection`,
 * Node's own function, makes the sockets. A server of uvnet treats it as the handle of such a worker.
 */

/** A front, as its stand-ins see it. */
export interface Listening {
  /** Several servers stand behind it, so that none of them decides over it. */
  readonly isShared: boolean;
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

/** The last stand-in of each server. */
const standIns = new WeakMap<nodeNet.Server, StandIn>();

export class StandIn {
  private readonly fronts = new Set<Listening>();
  private isClosed = false;
  /** Set by the server. */
  onconnection?: (status: number, handle: AcceptedHandle) => void;
  getsockname?: (out: SocketName) => number;

  /** Has the server listen by a stand-in, unless it listens already. */
  static attach(server: nodeNet.Server, front: Listening, place: unknown[]): void {
    const internals = server as unknown as Internals;
    if (internals._handle !== null) {
      StandIn.of(server)?.fronts.add(front);
      return;
    }
    const standIn = new StandIn();
    standIns.set(server, standIn);
    standIn.fronts.add(front);
    const { _handle: handle, _pipeName: path } = front;
    if (handle?.getsockname !== undefined) {
      standIn.getsockname = (out) => front._handle?.getsockname?.(out) ?? 0;
    } else {
      internals._pipeName = path;
    }
    internals._handle = standIn;
    const { prototype } = isMadeBy(Server, server) ? Server : netModule().Server;
    (prototype as unknown as Internals)._listen2.apply(server, place);
  }

  /** The front does not listen any more; the server closes with its last one. */
  static detach(server: nodeNet.Server, front: Listening): void {
    const standIn = StandIn.of(server);
    if (standIn === undefined) return;
    standIn.fronts.delete(front);
    if (standIn.fronts.size === 0) server.close();
  }

  /** The stand-in by which a server listens. */
  private static of(server: nodeNet.Server): StandIn | undefined {
    const standIn = standIns.get(server);
    return standIn?.isClosed === false ? standIn : undefined;
  }

  private get own(): Listening[] {
    return [...this.fronts].filter(({ isShared }) => !isShared);
  }

  // What Node calls on the handle of a server.

  listen(): number {
    return 0;
  }

  close(callback?: () => void): void {
    this.isClosed = true;
    for (const front of this.own) front.stop();
    this.fronts.clear();
    if (callback !== undefined) process.nextTick(callback);
  }

  ref(): void {
    for (const front of this.own) front.ref();
  }

  unref(): void {
    for (const front of this.own) front.unref();
  }

  getAsyncId(): number {
    const [front] = this.fronts;
    return front?._handle?.getAsyncId() ?? 0;
  }
}

export const listens = (server: nodeNet.Server): boolean =>
  (server as unknown as Internals)._handle?.onconnection !== undefined;

/** Gives a connection to a server that listens. */
export function deliver(server: nodeNet.Server, handle: AcceptedHandle): void {
  (server as unknown as Internals)._handle!.onconnection!(0, handle);
}
