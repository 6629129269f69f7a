import { binding } from './binding';
import type { NativeCallback } from './native-types';

/**
 * Reports an exception of user code in a native callback as `'uncaughtException'`, in the async
 * context of the callback. The caller must throw the result, so that Node knows that the callback
 * failed: `throw reported(error)`.
 */
export function reported(error: unknown): unknown {
  binding.reportException(error);
  return error;
}

/** Wraps a callback so that its exceptions are reported. */
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
