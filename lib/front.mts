/** The ES module entry; see index.mts. */
import front from './front.js';

export * from './front.js';
export default front;
