/** The ES module entry; see ../index.mts. */
import lean from './index.js';

export * from './index.js';
export default lean;
