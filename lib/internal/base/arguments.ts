import type * as nodeNet from 'node:net';
import { netModule } from './builtins';

/**
 * The arguments of connect() and listen(), folded from their overloads into `[options, callback]`.
 */
export type NormalizedArguments<Options> = [options: Options, callback: (() => void) | null];

type NodeNet = typeof nodeNet & { _normalizeArgs(args: unknown[]): unknown[] };

/** Marks the arguments that `connect()` has folded, so that the socket does not fold them again. */
const folded = Symbol('normalizedArgs');

/**
 * The symbol with which Node does the same. uvnet recognises it, and `_normalizeArgs()` sets it.
 * `connect()` does not, because asking for it loads node:net, which takes a millisecond.
 */
let knownMark: symbol | undefined;
const nodesMark = (): symbol =>
  (knownMark ??= Object.getOwnPropertySymbols((netModule() as NodeNet)._normalizeArgs([]))[0]);

export function toNumber(value: unknown): number | false {
  const number = Number(value);
  return number >= 0 ? number : false;
}

/** Whether an argument names a pipe: a text that is not a port number. */
export function isPipeName(value: unknown): value is string {
  return typeof value === 'string' && toNumber(value) === false;
}

/** Folds the overloads. The result must not be passed to other modules, because it has no mark. */
export function foldArguments<Options extends object>(
  args: readonly unknown[],
): NormalizedArguments<Options> {
  let options: Record<string, unknown> = {};
  const count = args.length;
  const first = args[0];
  if (count > 0) {
    if (typeof first === 'object' && first !== null) {
      options = first as Record<string, unknown>;
    } else if (isPipeName(first)) {
      options['path'] = first;
    } else {
      options['port'] = first;
      if (count > 1 && typeof args[1] === 'string') options['host'] = args[1];
    }
  }
  const last = args[count - 1];
  const callback = typeof last === 'function' ? (last as () => void) : null;
  return [options as Options, callback];
}

type Marked = Record<symbol, unknown>;

/** Folds the overloads and marks the result for `socket.connect()`. */
export function foldConnectArguments<Options extends object>(
  args: readonly unknown[],
): NormalizedArguments<Options> {
  const normalized = foldArguments<Options>(args);
  (normalized as unknown as Marked)[folded] = true;
  return normalized;
}

/** Folds the overloads and marks the result for sockets of Node and of uvnet. */
export function normalizeArguments<Options extends object>(
  args: readonly unknown[],
): NormalizedArguments<Options> {
  const normalized = foldArguments<Options>(args);
  (normalized as unknown as Marked)[nodesMark()] = true;
  return normalized;
}

/** Folds the arguments of connect(), unless they are marked as folded. */
export function connectArguments<Options extends object>(
  args: readonly unknown[],
): NormalizedArguments<Options> {
  const first = args[0];
  if (!Array.isArray(first)) return foldArguments(args);
  const marked = first as unknown as Marked;
  if (marked[folded] !== true && !marked[nodesMark()]) return foldArguments(args);
  return first as unknown as NormalizedArguments<Options>;
}
