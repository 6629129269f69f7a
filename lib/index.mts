/**
 * The ES module entry. It re-exports the CommonJS module, so that one copy of the library serves
 * `require` and `import` in the same process.
 */
import net from './index.js';

export * from './index.js';
export default net;

// Node does not find these among the exports of a CommonJS module, because they are getters.
export const { BlockList, BoundSocket, SocketAddress } = net;
export type BlockList = import('./index.js').BlockList;
export type BoundSocket = import('./index.js').BoundSocket;
export type SocketAddress = import('./index.js').SocketAddress;
