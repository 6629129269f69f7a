import { netModule } from '../base/builtins';
import { adoptCoreHandle, isCoreHandle, type CoreHandle } from '../transfer/foreign';
import type { Handle, TCP } from '../native/handle';
import { onConnection, type ServerImpl } from './server-state';

/** What a worker of a cluster listens on: handles that its primary hands over. */

/**
 * Takes over the listening socket that a cluster's primary shares with its workers. Core has put a
 * `close` of its own over that of the handle, which tells the primary that this worker is done with
 * it: that is called when ours is closed.
 */
export function adoptSharedHandle(core: CoreHandle): Handle {
  const handle = adoptCoreHandle(core);
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

/**
 * What a handle that is not ours calls for each connection: the stand-in of a worker whose primary
 * accepts for all, and hands over handles of core's.
 */
export function onForeignConnection(
  this: { owner: ServerImpl },
  status: number,
  client: TCP | CoreHandle,
): void {
  const ours = isCoreHandle(client) ? (adoptCoreHandle(client) as TCP) : client;
  onConnection.call(this, status, ours);
}
