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
  const run = callback as (id: number, ...args: unknown[]) => void;
  // As many as JsCall::kMaxArguments: a rest parameter would make an array for each event.
  return (id: number, a?: unknown, b?: unknown, c?: unknown, d?: unknown): void => {
    try {
      run(id, a, b, c, d);
    } catch (error) {
      throw reported(error);
    }
  };
}
