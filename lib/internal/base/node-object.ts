/**
 * Recognises Node's BlockList and SocketAddress objects, including those that `postMessage`
 * delivers. Node keeps their native part under a symbol. Not every supported Node has a public
 * method that recognises them, so the symbol is taken from a sample.
 *
 * @param makeSample - makes a new object of Node's class, when one is needed
 * @returns a function that checks whether a value is such an object
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
