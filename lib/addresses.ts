/** The classes of addresses, and of sockets that have one only; loaded at the first use of one. */
export { BlockList } from './internal/block-list/block-list';
export { BoundSocket } from './bound-socket';
export { SocketAddress } from './internal/block-list/socket-address';
