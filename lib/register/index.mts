/** The ES module entry; see ../index.mts. */
export { register, unregister } from './index.js';
export type { RegisterOptions } from './index.js';
