/** The address classes and BoundSocket. They are loaded when one of them is first used. */
export { BlockList } from './internal/block-list/block-list';
export { BoundSocket } from './bound-socket';
export { SocketAddress } from './internal/block-list/socket-address';
