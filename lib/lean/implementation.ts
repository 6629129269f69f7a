/** What is behind lib/lean/index.ts; loaded by index.ts of lib, where the native core could be. */
export { proxyHeader } from './proxy-header';
export { relay } from './relay';
