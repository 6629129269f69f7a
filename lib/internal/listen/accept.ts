import { debug, serverSocketChannel } from '../base/diagnostics';
import { errnoException } from '../base/system-errors';
import { isIP } from '../base/ip';
import {
  kAcceptedOptions,
  kAttemptTimeout,
  kKeepAlive,
  kLimits,
  kNoDelay,
  kProxy,
  kReceiveDescriptors,
  kSocketOptions,
} from '../base/symbols';
import { binding } from '../native/binding';
import { readName, type Handle } from '../native/handle';
import { type SocketName, kOnBytes } from '../native/handle-events';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import { applyAccepted } from '../options/lazy-options';
import { nameEnds } from '../proxy/name-ends';
import { headIn, namesEnds, type PackedHeader } from '../proxy/packed-header';
import { buildProxyInfo, type ProxyInfo } from '../proxy/proxy-info';
import { AcceptedSocketOptions } from '../socket/accepted-options';
import { letDescriptorsIn } from '../socket/receive-descriptors';
import { Socket } from '../socket/socket';
import type { SocketImpl } from '../socket/socket-state';
import { dropReasons, type DropReason } from './accept-policy';
import { isAdmitted, limitFirstByte } from './admission';
import type { ServerImpl } from './server-impl';

/** Incoming connections, from the handle to 'connection' or 'drop'. */

/** The settings that connections inherit from their listening socket. */
interface Inherited {
  inheritedNoDelay?: boolean;
  inheritedKeepAlive?: number;
}

/** A listening handle: one of uvnet, or a stand-in for one. */
interface ListeningHandle extends Inherited {
  owner: ServerImpl;
}

/** Whether a connection has inherited a `noDelay` other than that of its server. */
export const lacksNoDelay = (
  server: ServerImpl,
  { inheritedNoDelay = false }: Inherited,
): boolean => server.noDelay !== inheritedNoDelay;

/** Whether a connection has inherited a `keepAlive` other than that of its server. */
export const lacksKeepAlive = (server: ServerImpl, { inheritedKeepAlive }: Inherited): boolean =>
  inheritedKeepAlive !== (server.keepAlive ? server.keepAliveInitialDelay : undefined);

/** The argument of 'drop'. Connections over pipes have no addresses. */
export interface DropData {
  /** The option that refused the connection, or the problem with its PROXY header. */
  reason: DropReason;
  /** The local IP address. */
  localAddress?: string;
  /** The local port. */
  localPort?: number;
  /** `'IPv4'` or `'IPv6'`. */
  localFamily?: string;
  /** The IP address of the peer. */
  remoteAddress?: string;
  /** The port of the peer. */
  remotePort?: number;
  /** `'IPv4'` or `'IPv6'`. */
  remoteFamily?: string;
}

export function dropData(reason: DropReason, local: SocketName, remote: SocketName): DropData {
  if (local.address === undefined && remote.address === undefined) return { reason };
  return {
    localAddress: local.address,
    localPort: local.port,
    localFamily: local.family,
    remoteAddress: remote.address,
    remotePort: remote.port,
    remoteFamily: remote.family,
    reason,
  };
}

/** A listening handle calls this for refused connections. They are closed when it returns. */
export function onDrop(this: Handle, count: number): void {
  const server = this.owner as unknown as ServerImpl;
  // Without a listener, the argument is not built.
  if (server.listenerCount('drop') === 0) return;
  const { id } = this;
  const drops = Array.from({ length: count }, (_, index) => {
    const local: SocketName = {};
    const remote: SocketName = {};
    // Pipes have no addresses.
    readName(binding.dropSockName(id, index), local);
    readName(binding.dropPeerName(id, index), remote);
    return dropData(dropReasons[binding.dropReason(id, index)]!, local, remote);
  });
  for (const drop of drops) server.emit('drop', drop);
}

/** Whether the block list of a server has the address of a peer. A pipe has no address. */
export function isBlocked({ blockList }: ServerImpl, address: string | undefined): boolean {
  const family = isIP(address);
  return blockList !== undefined && family !== 0 && blockList.check(address!, `ipv${family}`);
}

/** Checks that the native policy cannot make, for handles and block lists of node:net. */
function refuse(server: ServerImpl, client: TCP): boolean {
  if (server.maxConnections != null && server._connections >= server.maxConnections) {
    const local: SocketName = {};
    const remote: SocketName = {};
    client.getsockname?.(local);
    client.getpeername?.(remote);
    server.emit('drop', dropData('maxConnections', local, remote));
    return true;
  }
  if (server.blockList === undefined) return false;
  const isOurs = (client as object) instanceof TCP || (client as object) instanceof Pipe;
  if (isOurs && !server[kLimits].hasNodeList) return false;
  const name: SocketName = {};
  client.getpeername?.(name);
  return isBlocked(server, name.address);
}

/**
 * Makes the handle report the addresses in the PROXY header: those of the client and its target.
 */
export function takeProxy(handle: TCP, packed: PackedHeader): ProxyInfo | undefined {
  const peer: SocketName = {};
  const local: SocketName = {};
  if (handle instanceof TCP) {
    handle.getpeername(peer);
    handle.getsockname(local);
  }
  if (namesEnds(packed)) nameEnds(handle, packed);
  return buildProxyInfo(packed, peer, local);
}

/**
 * Sets `noDelay` and `keepAlive`. If the connection has inherited them from the listening socket,
 * the methods of the handle are still called, for programs that observe them, but do nothing.
 */
function applyKeptOptions(
  server: ServerImpl,
  listener: ListeningHandle,
  socket: SocketImpl,
  handle: TCP,
): void {
  const { inheritedNoDelay = false, inheritedKeepAlive } = listener;
  if (handle.setNoDelay && (server.noDelay || inheritedNoDelay)) {
    socket[kNoDelay] = server.noDelay;
    handle.setNoDelay(server.noDelay, !lacksNoDelay(server, listener));
  }
  if (handle.setKeepAlive && (server.keepAlive || inheritedKeepAlive !== undefined)) {
    const { keepAlive: enable, keepAliveInitialDelay: delay } = server;
    if (enable) socket[kKeepAlive] = { enable, delay, interval: undefined, count: undefined };
    const known = !lacksKeepAlive(server, listener);
    handle.setKeepAlive(enable, delay, undefined, undefined, known);
  }
}

/** A listening handle calls this for each connection, and for each accept that failed. */
export function onConnection(this: ListeningHandle, status: number, handle: TCP): void {
  const server = this.owner;
  debug('onconnection');
  if (status !== 0) {
    server.emit('acceptError', errnoException(status, 'accept'));
    return;
  }
  const { proxied } = handle;
  const proxy = proxied === undefined ? undefined : takeProxy(handle, proxied);
  if (refuse(server, handle)) {
    handle.close();
    return;
  }

  const options = (server[kSocketOptions] ??= new AcceptedSocketOptions());
  options.handle = handle;
  options.allowHalfOpen = server.allowHalfOpen;
  options.pauseOnCreate = server.pauseOnConnect;
  options.readableHighWaterMark = server.highWaterMark;
  options.writableHighWaterMark = server.highWaterMark;
  const socket = new Socket(options);
  if (server[kReceiveDescriptors] === true) letDescriptorsIn(socket);
  applyKeptOptions(server, this, socket, handle);
  if (server[kAcceptedOptions] !== undefined) applyAccepted(server, handle.id);
  server._connections++;
  socket.server = server;
  socket._server = server;
  if (proxied !== undefined) {
    socket[kProxy] = proxy;
    const head = headIn(proxied);
    if (head !== undefined) socket[kOnBytes](head);
  }
  if (server.listenerCount('connectionAttempt') > 0 && !isAdmitted(server, socket)) return;
  if (server[kAttemptTimeout] > 0) limitFirstByte(server, socket, handle.id);
  server.emit('connection', socket);
  if (serverSocketChannel.hasSubscribers) serverSocketChannel.publish({ socket });
}
