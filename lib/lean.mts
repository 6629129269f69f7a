/** The ES module entry; see index.mts. */
import lean from './lean.js';

export * from './lean.js';
export default lean;
