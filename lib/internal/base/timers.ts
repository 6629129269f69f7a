import * as timers from 'node:timers';

/**
 * The timers of Node as they are when this is loaded. Programs replace them for their tests, in
 * `node:timers` too (`mock.timers` of `node:test`), and do not mean the timeouts of their connections.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval } = timers;
