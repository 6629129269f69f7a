/**
 * Core marks its BlockList and SocketAddress objects, also those that `postMessage` delivers, by a
 * symbol of its own under which their native part is kept. Not every supported Node tells them
 * apart by a public method, so the symbol is taken from a sample.
 *
 * @param sample - a new object of core's class
 * @returns whether a value is such an object
 */
export function hasHandle(sample: object): (value: unknown) => boolean {
  const [handle] = Object.getOwnPropertySymbols(sample).filter(
    (symbol) => symbol.description === 'kHandle',
  );
  return (value) =>
    handle !== undefined &&
    value !== null &&
    value !== undefined &&
    (value as Record<symbol, unknown>)[handle] !== undefined;
}
