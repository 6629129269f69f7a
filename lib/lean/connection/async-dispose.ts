/**
 * The key of the method that `await using` calls. Node has it from 20.4 on. On older versions it is
 * a symbol of our own, which nothing calls.
 */
export const asyncDispose: typeof Symbol.asyncDispose =
  (Symbol as { asyncDispose?: typeof Symbol.asyncDispose }).asyncDispose ??
  (Symbol('Symbol.asyncDispose') as typeof Symbol.asyncDispose);
