/**
 * Whether a value was made by a class, or by one that extends it. uvnet's classes answer `instanceof` for
 * Node's objects as well; this does not.
 */
export const isMadeBy = (constructor: { prototype: object }, value: unknown): boolean =>
  Object.prototype.isPrototypeOf.call(constructor.prototype, value as object);
