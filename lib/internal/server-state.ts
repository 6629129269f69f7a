import type { EventEmitter } from 'node:events';
import type { BlockList } from 'node:net';
import { Socket } from '../socket';
import { debug, serverSocketChannel } from './diagnostics';
import { errnoException } from './errors';
import type { Handle, SocketName, TCP } from './handle';
import { isIP } from './ip';
import type { AcceptingServer, SocketImpl } from './socket-state';
import { applyAccepted } from './option-methods';
import type { EncodedOptions, OptionPlan } from './socket-options';
import { kAcceptedOptions, kKeepAlive, kNoDelay, kOptionPlan, kServerOptions } from './symbols';

/** A Server as its own methods see it. */
export interface ServerImpl extends EventEmitter, AcceptingServer {
  _handle: Handle | null;
  _usingWorkers: boolean;
  _workers: ConnectionCounter[];
  _unref: boolean;
  _listeningId: number;
  _pipeName?: string;
  _connectionKey?: string;

  allowHalfOpen: boolean;
  pauseOnConnect: boolean;
  noDelay: boolean;
  keepAlive: boolean;
  /** Seconds. */
  keepAliveInitialDelay: number;
  highWaterMark: number;
  blockList?: BlockList;
  [kServerOptions]?: object;
  [kOptionPlan]?: OptionPlan | undefined;
  [kAcceptedOptions]?: EncodedOptions | undefined;
  maxConnections?: number | null;

  _listen2(
    address: string | null,
    port: number | null,
    addressType: number | null,
    backlog: number,
    fd?: number | null,
    flags?: number,
  ): void;
  close(callback?: (error?: Error) => void): ServerImpl;
  unref(): ServerImpl;
}

/** A child process that shares the server (child_process's SocketListSend). */
export interface ConnectionCounter {
  getConnections(callback: (error: Error | null, count: number) => void): void;
  close(callback: () => void): void;
  once(event: 'exit', listener: (counter: ConnectionCounter) => void): void;
}

function dropped(client: TCP): object | undefined {
  if (!client.getsockname && !client.getpeername) return undefined;
  const local: SocketName = {};
  const remote: SocketName = {};
  client.getsockname(local);
  client.getpeername(remote);
  return {
    localAddress: local.address,
    localPort: local.port,
    localFamily: local.family,
    remoteAddress: remote.address,
    remotePort: remote.port,
    remoteFamily: remote.family,
  };
}

function isBlocked(list: BlockList | undefined, client: TCP): boolean {
  if (list === undefined || typeof client.getpeername !== 'function') return false;
  const { address } = ((name: SocketName) => (client.getpeername(name), name))({});
  const family = isIP(address as string);
  return family !== 0 && list.check(address!, `ipv${family as 4 | 6}`);
}

/** What a listening handle calls for each connection, and for each accept that failed. */
export function onConnection(this: { owner: ServerImpl }, status: number, handle: TCP): void {
  const server = this.owner;
  debug('onconnection');
  if (status !== 0) {
    server.emit('acceptError', errnoException(status, 'accept'));
    return;
  }
  if (server.maxConnections != null && server._connections >= server.maxConnections) {
    const data = dropped(handle);
    if (data === undefined) server.emit('drop');
    else server.emit('drop', data);
    handle.close();
    return;
  }
  if (isBlocked(server.blockList, handle)) {
    handle.close();
    return;
  }

  if (server[kAcceptedOptions] !== undefined) applyAccepted(server, handle);
  const socket = new Socket({
    handle,
    allowHalfOpen: server.allowHalfOpen,
    pauseOnCreate: server.pauseOnConnect,
    readable: true,
    writable: true,
    readableHighWaterMark: server.highWaterMark,
    writableHighWaterMark: server.highWaterMark,
  } as never) as unknown as SocketImpl;
  if (server.noDelay && handle.setNoDelay) {
    socket[kNoDelay] = true;
    handle.setNoDelay(true);
  }
  if (server.keepAlive && handle.setKeepAlive) {
    const delay = server.keepAliveInitialDelay;
    socket[kKeepAlive] = { enable: true, delay, interval: undefined, count: undefined };
    handle.setKeepAlive(true, delay);
  }
  server._connections++;
  socket.server = server;
  socket._server = server;
  server.emit('connection', socket);
  if (serverSocketChannel.hasSubscribers) serverSocketChannel.publish({ socket });
}
