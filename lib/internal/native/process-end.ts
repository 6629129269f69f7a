/**
 * Ends of the process that no 'exit' event comes before: a signal to itself (many programs raise the one
 * they were ended by again, after they have cleaned up), `abort()` and `reallyExit()`. What was written in
 * the same turn would be lost there, where node:net has sent it.
 */

type End = (this: NodeJS.Process, ...args: unknown[]) => unknown;

const flushes: (() => void)[] = [];

/** Has `flush` called before these ends. */
export function flushBeforeEnd(flush: () => void): void {
  if (flushes.push(flush) > 1) return;
  const owner = process as unknown as Record<string, End>;
  for (const name of ['kill', 'abort', 'reallyExit']) {
    const end = owner[name];
    // What a worker must not call says so by this property.
    if (typeof end !== 'function' || 'disabled' in end) continue;
    const { [name]: replacement } = {
      [name](this: NodeJS.Process, ...args: unknown[]): unknown {
        for (const each of flushes) each();
        return Reflect.apply(end, this, args);
      },
    };
    Object.defineProperty(replacement, 'length', { value: end.length, configurable: true });
    owner[name] = replacement!;
  }
}
