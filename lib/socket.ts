import type * as nodeNet from 'node:net';
import { kOnDescriptor, kOnPeek } from './internal/native/handle-events';
import { foldConnectArguments } from './internal/base/arguments';
import { debug } from './internal/base/diagnostics';
import { connectMethods } from './internal/connect/connect';
import { optionsPart } from './internal/options/part';
import type { PeerCredentials, SocketInfo } from './internal/options/socket-info';
import type { SocketOptionName } from './internal/options/socket-option-types';
import { Socket as SocketClass } from './internal/socket/socket';
import type { SocketImpl } from './internal/socket/socket-state';
import type { SocketToken, ToNodeOptions } from './internal/transfer/socket-transfer';
import type { DetachOptions } from './internal/transfer/token';
import { transferPart } from './internal/transfer/part';
import { leanPart, receivedDescriptorPart } from './parts';
import type { ConnectionOptions } from './types/connection-options';
import type { SocketConstructor } from './types/constructors';
import type { ConnectOptions } from './types/options';
import type * as declared from './types/interfaces';
import type { Connection, Handlers } from './types/interfaces';

/** A TCP or pipe connection: a `stream.Duplex` with the interface of `net.Socket`. */
export type Socket = declared.Socket;

export const Socket = SocketClass as unknown as SocketConstructor;

/** Methods that few sockets need. They are loaded when first used; see the files part.ts. */
const lazyMethods = {
  setOption(this: SocketImpl, name: SocketOptionName, value: unknown): SocketImpl {
    return optionsPart().setOption(this, name, value);
  },

  getOption(this: SocketImpl, name: SocketOptionName): unknown {
    return optionsPart().getOption(this, name);
  },

  info(this: SocketImpl): SocketInfo | undefined {
    return optionsPart().info(this);
  },

  peerCredentials(this: SocketImpl): PeerCredentials | undefined {
    return optionsPart().peerCredentials(this);
  },

  toNode(this: SocketImpl, options?: ToNodeOptions): nodeNet.Socket {
    return transferPart().toNode(this, options);
  },

  detach(this: SocketImpl, options: DetachOptions = {}): SocketToken {
    return transferPart().detach(this, options);
  },

  toLean(this: Socket, handlers: Handlers, options?: ConnectionOptions): Connection {
    return leanPart().toLean(this, handlers, options);
  },

  peek(this: SocketImpl, size: number): Promise<Buffer> {
    return transferPart().peek(this, size);
  },

  [kOnPeek](this: SocketImpl, result: Buffer | number): void {
    transferPart().endPeek(this, result);
  },

  sendDescriptor(
    this: SocketImpl,
    payload: unknown,
    descriptor: unknown,
    callback?: (error?: Error | null) => void,
  ): boolean {
    return transferPart().sendDescriptor(this, payload, descriptor, callback);
  },

  [kOnDescriptor](this: SocketImpl, fd: number, position: number): void {
    receivedDescriptorPart().emitDescriptor(this, fd, position);
  },
};
Object.assign(Socket.prototype, connectMethods, lazyMethods);

// Not enumerable, so a subclass made with `Object.assign` or `for in` does not copy them.
for (const [name, value] of Object.entries({
  fromNode(this: SocketConstructor, socket: nodeNet.Socket) {
    return transferPart().fromNode(this, socket);
  },
  attach(this: SocketConstructor, token: SocketToken) {
    return transferPart().attach(this, token);
  },
})) {
  Object.defineProperty(Socket, name, { value, writable: true, configurable: true });
}

/**
 * Makes a socket and connects it.
 *
 * @param options - the address and the options; see docs/CONNECTING.md and docs/SOCKET_OPTIONS.md
 * @param listener - added for 'connect'
 * @throws for options of a wrong type, as `node:net` does; every other failure emits 'error'
 */
export function connect(options: ConnectOptions, listener?: () => void): Socket;
/**
 * @param port - the remote port
 * @param host - a host name or an IP address. Default: `'localhost'`
 * @param listener - added for 'connect'
 */
export function connect(port: number, host?: string, listener?: () => void): Socket;
export function connect(port: number, listener?: () => void): Socket;
/**
 * @param path - path of a Unix domain socket or named pipe
 * @param listener - added for 'connect'
 */
export function connect(path: string, listener?: () => void): Socket;
export function connect(...args: unknown[]): Socket {
  const normalized = foldConnectArguments<{ timeout?: number }>(args);
  const [options] = normalized;
  debug('createConnection', normalized);
  const socket = new Socket(options as never);
  if (options.timeout) socket.setTimeout(options.timeout);
  return (socket as unknown as { connect(args: unknown): Socket }).connect(normalized);
}
