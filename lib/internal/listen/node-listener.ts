import { isNodeHandle, takeDescriptor, type NodeHandle } from '../native/node-handle';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import type { Handle } from '../native/handle';
import type { SocketName } from '../native/handle-events';
import type { AcceptPolicy } from './accept-policy';
import { onConnection } from './accept';

/**
 * Listening with a handle of Node: a bound pipe, or the handle that a cluster worker gets from its
 * primary.
 */

/** The handle of Node that listens and accepts. */
export interface NodeListener {
  onconnection?: (status: number, client: NodeHandle | TCP) => void;
  listen(backlog: number): number;
  close(): void;
  ref(): void;
  unref(): void;
  hasRef?(): boolean;
  /** Pipes do not have this method. */
  getsockname?(out: SocketName): number;
}

/**
 * Makes a handle of uvnet for a listener of Node: a bound pipe, or the stand-in that a worker has
 * if its primary accepts for all workers. Its connections arrive as handles of Node. They pass
 * through the same policy and the same code as connections that uvnet accepts.
 */
export function handleFedBy(node: NodeListener): Handle {
  const pipe = node.getsockname === undefined;
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
      node.onconnection = accepted;
      return node.listen(backlog);
    },
    close(callback?: () => void): void {
      node.close();
      close.call(handle, callback);
    },
    ref: () => node.ref(),
    unref: () => node.unref(),
    hasRef: () => node.hasRef?.() ?? true,
  });
  if (!pipe) (handle as TCP).getsockname = (out) => node.getsockname!(out);
  return handle;
}
