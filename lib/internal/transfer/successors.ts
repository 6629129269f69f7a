import type * as nodeNet from 'node:net';

/** The sockets of node:net to which the connections of shells were transferred; see shell.ts. */
const successors = new WeakMap<object, nodeNet.Socket>();

/** The socket behind a shell; undefined for every other socket. */
export const successorOf = (socket: object): nodeNet.Socket | undefined => successors.get(socket);

export function setSuccessor(shell: object, successor: nodeNet.Socket): void {
  successors.set(shell, successor);
}
