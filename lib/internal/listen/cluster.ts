import { netModule } from '../base/builtins';
import {
  adoptNodeHandle,
  isNodeHandle,
  takeDescriptor,
  type NodeHandle,
} from '../native/node-handle';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import type { Handle } from '../native/handle';
import type { SocketName } from '../native/handle-events';
import type { AcceptPolicy } from './accept-policy';
import { onConnection } from './accept';
import type { ServerImpl } from './server-state';

/** Listening on what is core's: a bound pipe, and what a cluster's primary hands to its workers. */

/**
 * Takes over the listening socket that a cluster's primary shares with its workers. Core has put a
 * `close` of its own over that of the handle, which tells the primary that this worker is done with
 * it: that is called when ours is closed.
 */
export function adoptSharedHandle(core: NodeHandle): Handle {
  const handle = adoptNodeHandle(core);
  const { close } = handle;
  handle.close = (callback) => {
    core.close();
    close.call(handle, callback);
  };
  return handle;
}

let ownerSymbol: symbol | undefined;

/**
 * Tells core's side of the cluster which server a handle belongs to: it then asks that server for
 * `maxConnections`, and closes it when the worker disconnects. Core finds it by a symbol of its
 * own, which it puts on every handle that a socket is made of.
 */
export function setOwner(handle: object, server: ServerImpl): void {
  if (ownerSymbol === undefined) {
    const method = (): number => 0;
    const probe = { getAsyncId: method, readStart: method, readStop: method, close: method };
    new (netModule().Socket)({ handle: probe, manualStart: true } as never);
    ownerSymbol = Object.getOwnPropertySymbols(probe)[0]!;
  }
  (handle as Record<symbol, unknown>)[ownerSymbol] = server;
}

/** What listens and accepts in our place. */
export interface ForeignListener {
  onconnection?: (status: number, client: NodeHandle | TCP) => void;
  listen(backlog: number): number;
  close(): void;
  ref(): void;
  unref(): void;
  hasRef?(): boolean;
  /** What has none is a pipe. */
  getsockname?(out: SocketName): number;
}

/**
 * A handle of ours for a listener of core's: the stand-in that a worker gets whose primary accepts
 * for all, or a bound pipe. Its connections come as handles of core's; they go through the same
 * policy, and the same way, as those that are accepted here.
 */
export function feedFrom(core: ForeignListener): Handle {
  const pipe = core.getsockname === undefined;
  const handle = pipe ? new Pipe(undefined, 'PIPESERVERWRAP') : new TCP(undefined, 'TCPSERVERWRAP');
  const { close } = handle;
  const accepted = (status: number, client: NodeHandle | TCP): void => {
    if (status !== 0) handle.feed(status);
    else if (isNodeHandle(client)) handle.feed(takeDescriptor(client));
    else onConnection.call(handle as never, status, client);
  };
  Object.assign(handle, {
    listen(backlog: number, policy: AcceptPolicy): number {
      const status = handle.listenFed(policy);
      if (status !== 0) return status;
      core.onconnection = accepted;
      return core.listen(backlog);
    },
    close(callback?: () => void): void {
      core.close();
      close.call(handle, callback);
    },
    ref: () => core.ref(),
    unref: () => core.unref(),
    hasRef: () => core.hasRef?.() ?? true,
  });
  if (!pipe) (handle as TCP).getsockname = (out) => core.getsockname!(out);
  return handle;
}
