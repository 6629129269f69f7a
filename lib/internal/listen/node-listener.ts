import { isNodeHandle, takeDescriptor, type NodeHandle } from '../native/node-handle';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import type { Handle } from '../native/handle';
import type { SocketName } from '../native/handle-events';
import type { AcceptPolicy } from './accept-policy';
import { onConnection } from './accept';

/** Listening by a handle of Node's: a bound pipe, or what a cluster's worker gets for its primary's. */

/** What listens and accepts in our place. */
export interface NodeListener {
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
 * A handle of ours for a listener of Node's: the stand-in that a worker gets whose primary accepts
 * for all, or a bound pipe. Its connections come as handles of Node's; they go through the same
 * policy, and the same way, as those that are accepted here.
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
