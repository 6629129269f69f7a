import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import { isMadeBy } from '../internal/base/made-by';
import { checkOptions } from './supported';
import { addMissing } from './unavailable';

/** Sockets of `node:net` that reject the features of uvnet's own sockets. */

const NodeSocket = netModule().Socket;

const construct = Reflect.construct as (target: object, args: unknown[], made: object) => object;

// Can be called without `new`, and supports both kinds of subclasses, like Node's class.
const { Socket: SocketFunction } = {
  // eslint-disable-next-line object-shorthand -- a method cannot be constructed
  Socket: function (this: unknown, options?: nodeNet.SocketConstructorOpts): object | undefined {
    checkOptions('Socket', options);
    if (new.target !== undefined) return construct(NodeSocket, [options], new.target);
    if (!isMadeBy(Socket, this)) return new Socket(options);
    Reflect.apply(NodeSocket as unknown as () => void, this, [options]);
    return undefined;
  },
};

export const Socket = SocketFunction as unknown as typeof nodeNet.Socket;
Object.setPrototypeOf(Socket.prototype, NodeSocket.prototype);
Object.setPrototypeOf(Socket, NodeSocket);

const { connect: connectNode } = NodeSocket.prototype as unknown as Record<
  'connect',
  (...args: unknown[]) => nodeNet.Socket
>;

Object.defineProperty(Socket.prototype, 'connect', {
  configurable: true,
  writable: true,
  value(this: nodeNet.Socket, ...args: unknown[]): nodeNet.Socket {
    const [first] = args;
    // Node passes folded arguments as one array.
    checkOptions('connect', Array.isArray(first) ? first[0] : first);
    return Reflect.apply(connectNode, this, args);
  },
});

Object.defineProperty(Socket, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    if (this !== Socket) return Function.prototype[Symbol.hasInstance].call(this, value);
    return value instanceof NodeSocket;
  },
});

addMissing(Socket.prototype, 'socket.', [
  'detach',
  'getOption',
  'getTypeOfService',
  'info',
  'peek',
  'peerCredentials',
  'resetAndDestroy',
  'sendDescriptor',
  'setOption',
  'setTypeOfService',
  'toLean',
  'toNode',
]);
addMissing(Socket, 'Socket.', ['attach', 'fromNode']);

/** There is no PROXY header, and Node does not expose the descriptor. */
for (const name of ['proxyInfo', 'fd']) {
  if (name in Socket.prototype) continue;
  Object.defineProperty(Socket.prototype, name, { configurable: true, get: () => undefined });
}

/** Converts a socket that Node made, such as an accepted one, to this class. */
export function convert(socket: unknown): void {
  if (socket instanceof NodeSocket && Object.getPrototypeOf(socket) === NodeSocket.prototype) {
    Object.setPrototypeOf(socket, Socket.prototype);
  }
}

/** The same as Node's `connect()`, but with a socket of this class. */
export function connect(...args: unknown[]): nodeNet.Socket {
  const [options] = args;
  checkOptions('connect', options);
  checkOptions('Socket', options);
  const make = netModule().connect as (...args: unknown[]) => nodeNet.Socket;
  const socket = make(...args);
  convert(socket);
  return socket;
}
