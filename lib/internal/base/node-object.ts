/**
 * Node marks its BlockList and SocketAddress objects, also those that `postMessage` delivers, by a
 * symbol of its own under which their native part is kept. Not every supported Node tells them
 * apart by a public method, so the symbol is taken from a sample.
 *
 * @param makeSample - makes a new object of Node's class, when one is needed
 * @returns whether a value is such an object
 */
export function isNodeObject(makeSample: () => object): (value: unknown) => boolean {
  let known: symbol | undefined;
  const handle = (): symbol =>
    (known ??=
      Object.getOwnPropertySymbols(makeSample()).find(
        (symbol) => symbol.description === 'kHandle',
      ) ?? Symbol('no such symbol'));
  return (value) =>
    value !== null &&
    value !== undefined &&
    (value as Record<symbol, unknown>)[handle()] !== undefined;
}
