import type { Handle } from './handle';
import type { kBoundPath } from '../base/symbols';
import { kTakeHandle } from '../base/symbols';

/** A BoundSocket as those see it who take it over, and do not load its class. */
export interface BoundHandle {
  /** The path of a pipe; undefined for TCP. */
  readonly [kBoundPath]: string | undefined;
  /** Gives the handle away; the bound socket cannot be used any more. */
  [kTakeHandle](): Handle;
}

/** There is no such handle before the class is loaded. */
export const isBoundSocket = (value: unknown): value is BoundHandle =>
  typeof value === 'object' && value !== null && kTakeHandle in value;
