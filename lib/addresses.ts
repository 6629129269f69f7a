/** The classes of addresses; loaded at the first use of one. */
export { BlockList } from './block-list';
export { SocketAddress } from './socket-address';
