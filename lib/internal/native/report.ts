import { binding } from './binding';
import type { NativeCallback } from './native-types';

/**
 * Makes an `'uncaughtException'` of what user code threw in a callback of the native code, while the
 * callback's async context is there. To be thrown again, by which Node knows that the callback has
 * failed: `throw reported(error)`.
 */
export function reported(error: unknown): unknown {
  binding.reportException(error);
  return error;
}

/** A callback that reports what is thrown in it. */
export function reporting(callback: NativeCallback): NativeCallback {
  const run = callback as (id: number, a?: unknown, b?: unknown, c?: unknown) => void;
  return (id: number, a?: unknown, b?: unknown, c?: unknown): void => {
    try {
      run(id, a, b, c);
    } catch (error) {
      throw reported(error);
    }
  };
}
