/** The implementation of lib/front.ts. It is loaded only with the native code. */
export { createFront } from './front';
export { listenFds } from './listen-fds';
export { metrics, metricsContentType } from './metrics';
export { proxyInfoOf } from '../internal/proxy/info-of';
