/** The native implementation, loaded by index.ts where the core could be. */
export { BlockList } from './block-list';
export { BoundSocket } from './bound-socket';
export { connect } from './connect';
export {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from './internal/defaults';
export { normalizeArguments } from './internal/arguments';
export { isIP, isIPv4, isIPv6 } from './internal/ip';
export { createServerHandle } from './internal/listen';
export * as lean from './lean/implementation';
export { Server, createServer } from './server';
export { Socket } from './socket';
export { SocketAddress } from './socket-address';
