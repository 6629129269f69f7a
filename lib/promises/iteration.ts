const DONE = { value: undefined, done: true } as const;

/**
 * An async iterator. To leave its loop does not close what it iterates over, which can be iterated over
 * again.
 */
export class Iteration<Item> implements AsyncIterableIterator<Item, undefined> {
  private isOver = false;

  /**
   * @param ask - for the next item
   * @param left - called when the iteration is left before its end
   */
  constructor(
    private readonly ask: () => Promise<IteratorResult<Item, undefined>>,
    private readonly left: () => void = () => {},
  ) {}

  next(): Promise<IteratorResult<Item, undefined>> {
    return this.isOver ? Promise.resolve(DONE) : this.ask();
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    if (!this.isOver) {
      this.isOver = true;
      this.left();
    }
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** @param value - null for the end */
export function iteratorResult<Item>(value: Item | null): IteratorResult<Item, undefined> {
  return value === null ? DONE : { value, done: false };
}
