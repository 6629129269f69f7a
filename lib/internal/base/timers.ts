import * as timers from 'node:timers';

/**
 * Node's timer functions, saved when this file is loaded. Test tools replace them, in `node:timers`
 * too (`mock.timers` of `node:test`), but this should not affect the timeouts of connections.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval } = timers;
