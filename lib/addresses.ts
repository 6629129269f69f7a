/** The classes of addresses, and of sockets that have one only; loaded at the first use of one. */
export { BlockList } from './block-list';
export { boundPathOf, BoundSocket, consume } from './bound-socket';
export { SocketAddress } from './socket-address';
