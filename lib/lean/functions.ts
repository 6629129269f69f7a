/** What is behind lib/lean.ts; loaded by index.ts of lib, if the native code could be. */
export { toLean } from './adopt';
export { connect } from './connect';
export { broadcast } from './broadcast';
export { proxyHeader } from './proxy-header';
export { relay } from './relay';
export { LeanServer, listen } from './server';
