import type * as nodeNet from 'node:net';

/** The sockets of node:net that have the connections of shells; see shell.ts. */
const successors = new WeakMap<object, nodeNet.Socket>();

/** The socket that a shell stands for; undefined for every other socket. */
export const successorOf = (socket: object): nodeNet.Socket | undefined => successors.get(socket);

export function setSuccessor(shell: object, successor: nodeNet.Socket): void {
  successors.set(shell, successor);
}
