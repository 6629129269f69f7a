import type { Handle } from '../native/handle';
import type { kBoundPath } from '../base/symbols';
import { kTakeHandle } from '../base/symbols';

/** The interface of a BoundSocket for code that uses one but does not load the class. */
export interface BoundHandle {
  /** The path of a pipe; undefined for TCP. */
  readonly [kBoundPath]: string | undefined;
  /** Takes the handle. The bound socket cannot be used any more. */
  [kTakeHandle](): Handle;
}

/** No such object exists before the class is loaded. */
export const isBoundSocket = (value: unknown): value is BoundHandle =>
  typeof value === 'object' && value !== null && kTakeHandle in value;
