/**
 * The ES module entry. It re-exports the CommonJS module, so that one copy of the library serves
 * `require` and `import` in the same process.
 */
import net from './index.js';

export * from './index.js';
export default net;
