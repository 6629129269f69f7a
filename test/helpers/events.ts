// Waits for events and records their order.
import type { EventEmitter } from 'node:events';

import { errorShape } from './errors';

/**
 * Resolves with the arguments of the next `event`. Unlike `events.once` it does
 * not listen to 'error', so that it changes nothing about unhandled errors.
 */
export function nextEvent(emitter: EventEmitter, event: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    emitter.once(event, (...args: unknown[]) => resolve(args));
  });
}

/** A promise and the function that fulfils it, for callbacks of other shapes. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
}

/** Fulfilled in a later turn of the event loop, after everything that is already due. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const TRACED_EVENTS = new Set(
  (
    'lookup connectionAttempt connectionAttemptFailed connectionAttemptTimeout connect ready ' +
    'data drain end finish timeout error close listening connection drop'
  ).split(' '),
);

/**
 * Records the events of an emitter in `log`, in order: the name, the error of 'error', and whether
 * 'close' had an error. It observes `emit` itself, so it adds no listener that would start a flow
 * or handle an error.
 */
export function traceEvents(
  log: string[],
  emitter: EventEmitter,
  label = '',
  events: ReadonlySet<string> = TRACED_EVENTS,
): void {
  const prefix = label === '' ? '' : `${label} `;
  const emit = emitter.emit;
  emitter.emit = function (this: EventEmitter, event: string | symbol, ...args: unknown[]) {
    if (typeof event === 'string' && events.has(event)) {
      log.push(prefix + describeEvent(event, args));
    }
    return emit.call(this, event, ...args);
  } as typeof emitter.emit;
}

function describeEvent(event: string, args: unknown[]): string {
  const [first] = args;
  switch (event) {
    case 'data':
      return `data ${typeof first === 'string' ? first : (first as Buffer).toString()}`;
    case 'error': {
      const { code, message } = errorShape(first);
      return `error ${typeof code === 'string' ? code : message}`;
    }
    case 'close':
      return typeof first === 'boolean' ? `close ${first}` : 'close';
    default:
      return event;
  }
}
