/** The implementation of lib/lean.ts. It is loaded only with the native code. */
export { toLean } from './transfer';
export { connect } from './connect';
export { broadcast } from './broadcast';
export { proxyHeader } from './proxy-header';
export { relay } from './relay';
export { LeanServer, listen } from './server';
