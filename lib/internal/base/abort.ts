import * as events from 'node:events';

/** Removes a listener. */
export interface Disposable {
  dispose(): void;
}

type AddAbortListener = (signal: AbortSignal, listener: () => void) => object;

/** Calls `listener` once when the signal is aborted, unless the result was disposed of before. */
export function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  // If the running Node has it, stopImmediatePropagation() does not suppress this listener.
  const add = (events as unknown as { addAbortListener?: AddAbortListener }).addAbortListener;
  if (add !== undefined) {
    const disposable = add(signal, listener) as Record<symbol, () => void>;
    const dispose = (Symbol as unknown as { dispose: symbol }).dispose;
    return { dispose: () => disposable[dispose]?.() };
  }
  signal.addEventListener('abort', listener, { once: true });
  return { dispose: () => signal.removeEventListener('abort', listener) };
}
