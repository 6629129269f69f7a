import { onAbort, type Disposable } from '../internal/base/abort';
import { clearTimeout, setTimeout } from '../internal/base/timers';
import { OperationTimeout } from './errors';
import { abortError, type OperationOptions } from './operation';

type Settle<Value> = (value: Value) => void;

// What the constructor of a promise hands out: one function takes it for all of them.
let lastFulfil: Settle<unknown>;
let lastReject: Settle<Error>;
const capture = (fulfil: Settle<unknown>, reject: Settle<Error>): void => {
  lastFulfil = fulfil;
  lastReject = reject;
};

export const rejected = (error: Error): Promise<never> => Promise.reject(error);

const ignore = (): void => {};

/** A promise that is settled later, at the latest when its time is up or its signal is aborted. */
export class Deferred<Result> {
  readonly promise: Promise<Result>;
  private readonly fulfil: Settle<Result>;
  private readonly fail: Settle<Error>;
  private timer: NodeJS.Timeout | undefined = undefined;
  private abortion: Disposable | undefined = undefined;

  constructor() {
    this.promise = new Promise<unknown>(capture) as Promise<Result>;
    this.fulfil = lastFulfil;
    this.fail = lastReject;
  }

  /** Nobody needs to look at the promise: its rejection is no unhandled one. */
  ignored(): this {
    this.promise.catch(ignore);
    return this;
  }

  /**
   * Rejects the promise in time.
   *
   * @param options - checked by `checkOperation`
   * @param givenUp - called before
   */
  limit({ signal, timeout = 0 }: OperationOptions, givenUp: () => void): this {
    const giveUp = (error: Error): void => {
      givenUp();
      this.reject(error);
    };
    if (timeout > 0) {
      this.timer = setTimeout(() => giveUp(new OperationTimeout(timeout)), timeout);
    }
    if (signal !== undefined) this.abortion = onAbort(signal, () => giveUp(abortError(signal)));
    return this;
  }

  resolve(result: Result): void {
    this.settled();
    this.fulfil(result);
  }

  reject(error: Error): void {
    this.settled();
    this.fail(error);
  }

  private settled(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.abortion?.dispose();
  }
}

/** The same for a promise that need not be looked at. */
export function rejectedQuietly(error: Error): Promise<never> {
  const promise = rejected(error);
  promise.catch(ignore);
  return promise;
}
