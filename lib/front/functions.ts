/** The implementation of lib/front.ts. It is loaded only with the native code. */
export { createFront } from './front';
export { proxyInfoOf } from './accepted';
