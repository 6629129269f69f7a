import { errnoByName } from '../native/binding';
import { clusterModule, netModule } from '../base/builtins';
import { exceptionWithHostPort } from '../base/system-errors';
import { kPathOptions } from '../base/symbols';
import type { Handle } from '../native/handle';
import type { SocketName } from '../native/handle-events';
import { takeNodeHandle, isNodeHandle, type NodeHandle } from '../native/node-handle';
import { TCP } from '../native/tcp';
import type { ListenTarget, ServerImpl } from './server-impl';
import { widenMode } from './unix-path';

/** Listening in a cluster worker, with the handle that its primary shares. */

/**
 * Whether Node's cluster module regards this process as a worker. The module is loaded only if that
 * is possible: it takes 2 ms. A worker has an IPC channel. If it has none, its id is still in the
 * environment, because Node removes it only when the worker is set up.
 */
export function isClusterWorker(): boolean {
  if (process.send === undefined && process.env['NODE_UNIQUE_ID'] === undefined) return false;
  return clusterModule().isWorker;
}

const UV_EADDRINUSE = errnoByName('EADDRINUSE');
const UV_ENOTSUP = errnoByName('ENOTSUP');

/**
 * Takes the listening socket that the primary of a cluster shares with its workers. Node has
 * replaced the `close` of the handle by a function that informs the primary when this worker is
 * done. It is called when our handle is closed.
 */
function takeSharedHandle(node: NodeHandle): Handle {
  const handle = takeNodeHandle(node);
  const { close } = handle;
  handle.close = (callback) => {
    node.close();
    close.call(handle, callback);
  };
  return handle;
}

let ownerSymbol: symbol | undefined;

/**
 * Registers the server of a handle with Node's cluster module. The module reads `maxConnections` of
 * that server, and closes it when the worker disconnects. Node uses a symbol of its own for this,
 * which it sets on the handle of every socket.
 */
function setOwner(handle: object, server: ServerImpl): void {
  if (ownerSymbol === undefined) {
    const method = (): number => 0;
    const probe = { getAsyncId: method, readStart: method, readStop: method, close: method };
    new (netModule().Socket)({ handle: probe, manualStart: true } as never);
    ownerSymbol = Object.getOwnPropertySymbols(probe)[0]!;
  }
  (handle as Record<symbol, unknown>)[ownerSymbol] = server;
}

/**
 * An address in use may be reported only by listen() or connect(). Worse, after a failed bind these
 * would use a random port. So this compares the actual port of the handle.
 */
function checkBind(status: number, port: number, handle: Handle): number {
  if (status !== 0 || !(port > 0) || !(handle instanceof TCP)) return status;
  const name: SocketName = {};
  const result = handle.getsockname(name);
  return result === 0 && name.port !== port ? UV_EADDRINUSE : result;
}

interface ClusterWorker {
  _getServer(
    server: object,
    query: object,
    callback: (status: number, handle: Handle | NodeHandle | null) => void,
  ): void;
}

/**
 * Asks the primary for the handle, which all its workers share.
 *
 * @param modes - access modes of a path, for the primary
 */
export function listenInCluster(server: ServerImpl, target: ListenTarget, modes?: object): void {
  const { address, port, addressType, backlog, fd, flags } = target;
  const query = { address, port, addressType, fd, flags, backlog, ...modes };
  const listeningId = server._listeningId;
  (clusterModule() as unknown as ClusterWorker)._getServer(server, query, (error, shared) => {
    if (listeningId !== server._listeningId) {
      shared?.close();
      return;
    }
    if (process.platform === 'win32' && isNodeHandle(shared)) {
      // As with the other scheduling policy, whose connections are handles of Node too.
      shared.close();
      server.emit('error', exceptionWithHostPort(UV_ENOTSUP, 'listen', address, port!));
      return;
    }
    if (shared !== null) setOwner(shared, server);
    const handle = isNodeHandle(shared) ? takeSharedHandle(shared) : shared;
    let status = handle === null ? error : checkBind(error, port!, handle);
    if (handle !== null && status === 0 && port === -1 && address) {
      status = widenMode(address, server[kPathOptions]);
      if (status !== 0) handle.close();
    }
    if (handle === null || status !== 0) {
      server.emit('error', exceptionWithHostPort(status, 'bind', address, port!));
      return;
    }
    server._handle?.close();
    server._handle = handle;
    server._listen2(address, port, addressType, backlog, fd, flags);
  });
}
