import * as events from 'node:events';

/** What removes a listener. */
export interface Disposable {
  dispose(): void;
}

type AddAbortListener = (signal: AbortSignal, listener: () => void) => object;

/** Calls `listener` once when the signal is aborted, unless it is disposed of before. */
export function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  // Not stopped by stopImmediatePropagation(), if the running Node has it.
  const add = (events as unknown as { addAbortListener?: AddAbortListener }).addAbortListener;
  if (add !== undefined) {
    const disposable = add(signal, listener) as Record<symbol, () => void>;
    const dispose = (Symbol as unknown as { dispose: symbol }).dispose;
    return { dispose: () => disposable[dispose]?.() };
  }
  signal.addEventListener('abort', listener, { once: true });
  return { dispose: () => signal.removeEventListener('abort', listener) };
}
