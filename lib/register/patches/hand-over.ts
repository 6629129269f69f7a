import type * as uvnetModule from '../../index';
import { isMadeBy } from '../../internal/base/made-by';
import type { SocketImpl } from '../../internal/socket/socket-state';
import { transferPart } from '../../internal/transfer/part';
import type { Giver } from './replace';

/** Connections that Node goes on with, while their sockets stay for their listeners (`toNode({ shell: true })`). */

/** @param count - how often it was possible, and how often not */
export function makeGiver(
  { Socket, Server }: typeof uvnetModule,
  count: { natively: number; asStream: number },
): Giver {
  const isSocket = (value: unknown): boolean => isMadeBy(Socket, value);
  return {
    isSocket,
    isServer: (value) => isMadeBy(Server, value),
    give(value) {
      if (!isSocket(value)) return value;
      const socket = value as SocketImpl;
      const { successorOf, toNode } = transferPart();
      const known = successorOf(socket);
      if (known !== undefined) return known;
      try {
        const successor = toNode(socket, { shell: true });
        count.natively++;
        return successor;
      } catch {
        // Not connected yet, on Windows, out of descriptors: Node takes the socket for a stream, or refuses it.
        count.asStream++;
        return value;
      }
    },
  };
}
