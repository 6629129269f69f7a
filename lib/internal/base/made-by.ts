/**
 * Whether a value was made by a class or a subclass of it. `instanceof` of uvnet's classes also
 * accepts Node's objects; this function does not.
 */
export const isMadeBy = (constructor: { prototype: object }, value: unknown): boolean =>
  Object.prototype.isPrototypeOf.call(constructor.prototype, value as object);
