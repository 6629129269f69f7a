/** Everything that runs when a server listens, in one part; see part.ts. */

export { listen } from './listen';
export { createServerHandle } from './server-handle';
export { setupListenHandle } from './start';
