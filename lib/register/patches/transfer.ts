import type * as uvnetModule from '../../index';
import { isMadeBy } from '../../internal/base/made-by';
import type { SocketImpl } from '../../internal/socket/socket-state';
import { transferPart } from '../../internal/transfer/part';
import type { Giver } from './replace';

/**
 * Transfers connections to Node, while their sockets stay for their listeners (`toNode({ shell:
 * true })`).
 */

/**
 * Makes the object that transfers connections.
 *
 * @param count - counts successful and unsuccessful transfers
 */
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
        // Not connected yet, on Windows, or out of descriptors: Node uses the socket as a stream,
        // or refuses it.
        count.asStream++;
        return value;
      }
    },
  };
}
