import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import { isMadeBy } from '../internal/base/made-by';
import { checkOptions } from './supported';
import { addMissing } from './unavailable';

/** Sockets of `node:net` that refuse what only uvnet's own can do. */

const NodeSocket = netModule().Socket;

const construct = Reflect.construct as (target: object, args: unknown[], made: object) => object;

// Callable without `new` and open to sub-classes of both kinds, as Node's own.
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
    // Node hands over folded arguments as one list.
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

/** No PROXY header was read, and Node has a descriptor for itself. */
for (const name of ['proxyInfo', 'fd']) {
  if (name in Socket.prototype) continue;
  Object.defineProperty(Socket.prototype, name, { configurable: true, get: () => undefined });
}

/** Makes one of ours of a socket that Node made, which an accepted one is. */
export function convert(socket: unknown): void {
  if (socket instanceof NodeSocket && Object.getPrototypeOf(socket) === NodeSocket.prototype) {
    Object.setPrototypeOf(socket, Socket.prototype);
  }
}

/** As Node's, which would make a socket of its own. */
export function connect(...args: unknown[]): nodeNet.Socket {
  const [options] = args;
  checkOptions('connect', options);
  checkOptions('Socket', options);
  const make = netModule().connect as (...args: unknown[]) => nodeNet.Socket;
  const socket = make(...args);
  convert(socket);
  return socket;
}
