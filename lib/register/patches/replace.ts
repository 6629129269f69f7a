/** Methods of Node's objects that are replaced, and put back. */

/** How one patch is applied; what it returns undoes it. */
export type Patch = (giver: Giver) => () => void;

/** Who gives Node what it understands in place of uvnet's objects; see hand-over.ts. */
export interface Giver {
  /** A socket of `node:net` for a connected socket of uvnet; every other value as it is. */
  give(value: unknown): unknown;
  isSocket(value: unknown): boolean;
  isServer(value: unknown): boolean;
}

/** Node's methods have overloads, and a `this` of their own. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any will do
export type Method = (this: any, ...args: any[]) => unknown;

/**
 * Puts a function in the place of one that an object has or inherits.
 *
 * @param make - gets the original; what it returns is called until the patch is undone
 * @returns what undoes it. If somebody has replaced ours meanwhile it stays below, and passes on
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
