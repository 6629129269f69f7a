/** Replaces methods of Node's objects, and restores them. */

/** Applies a patch, and returns a function that undoes it. */
export type Patch = (giver: Giver) => () => void;

/** Converts uvnet's objects to objects that Node understands; see transfer.ts. */
export interface Giver {
  /**
   * Returns a socket of `node:net` for a connected socket of uvnet, and every other value
   * unchanged.
   */
  give(value: unknown): unknown;
  isSocket(value: unknown): boolean;
  isServer(value: unknown): boolean;
}

/** Node's methods have overloads and their own type of `this`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any will do
export type Method = (this: any, ...args: any[]) => unknown;

/**
 * Replaces a method that an object has or inherits.
 *
 * @param make - gets the original; its result is called until the patch is undone
 * @returns a function that undoes it. If other code has replaced our function in the meantime, ours
 *   stays below it and calls the original
 */
export function replaceMethod(
  object: object,
  name: string,
  make: (original: Method) => Method,
): () => void {
  const own = Object.getOwnPropertyDescriptor(object, name);
  const original = Reflect.get(object, name) as Method;
  const replaced = make(original);
  let active = true;
  const method: Method = function (...args) {
    return (active ? replaced : original).apply(this, args);
  };
  Object.defineProperty(method, 'name', { value: original.name, configurable: true });
  Object.defineProperty(method, 'length', { value: original.length, configurable: true });
  Object.defineProperty(object, name, {
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
    value: method,
  });
  return () => {
    active = false;
    if (Reflect.get(object, name) !== method) return;
    if (own === undefined) Reflect.deleteProperty(object, name);
    else Object.defineProperty(object, name, own);
  };
}
