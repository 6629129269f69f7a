import timers from 'node:timers';

/**
 * Node's timer functions, saved when this file is loaded. Test tools replace them, in `node:timers`
 * too (`mock.timers` of `node:test`), but this should not affect the timeouts of connections.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval } = timers;

/** The longest delay of a timer (2^31 - 1 ms). */
export const TIMEOUT_MAX = 2 ** 31 - 1;

/** The clock of the event loop is up to a millisecond behind. */
const SLACK = 1;

/**
 * How many milliseconds an idle timeout must still wait; 0 if its time is over.
 *
 * Moving bytes costs an idle timeout nothing: the native code records the time of the event loop
 * for each. If the timer fires too early, its owner starts another one for the rest of the time.
 * Sockets, connections of handler tables and relays all do this. They differ in what they do next.
 */
export function timeLeft(timeout: number, idleTime: number): number {
  const left = Math.ceil(timeout - idleTime);
  return left > SLACK ? left : 0;
}

/** Starts a timer that does not keep the process alive. */
export function startTimer<Owner>(
  listener: (owner: Owner) => void,
  milliseconds: number,
  owner: Owner,
): NodeJS.Timeout {
  return setTimeout(listener, milliseconds, owner).unref();
}
