import { netModule } from '../base/builtins';
import { validateBoolean, validateInt32 } from '../base/validators';

/**
 * The process-wide defaults of connection attempts. The initial values are those of the running
 * Node, including command-line flags.
 */

export const MIN_ATTEMPT_TIMEOUT = 10;

/** 4 or 6 if a connect without a family must use this family. */
let forcedFamily: 4 | 6 | undefined;
let autoSelectFamily: boolean | undefined;
let attemptTimeout: number | undefined;

/** Returns the default of `autoSelectFamily`: a boolean, or the only family (4, 6) to use. */
export function getDefaultAutoSelectFamily(): boolean | 4 | 6;
/** The type in `node:net`, which has no single family. */
export function getDefaultAutoSelectFamily(): boolean;
export function getDefaultAutoSelectFamily(): boolean | 4 | 6 {
  return forcedFamily ?? (autoSelectFamily ??= netModule().getDefaultAutoSelectFamily());
}

/**
 * Sets the default of the option `autoSelectFamily`.
 *
 * @param value - a boolean as in `node:net`; 4 or 6: a connect without a family uses only this one;
 *   0: both families, as `true`
 */
export function setDefaultAutoSelectFamily(value: boolean | 0 | 4 | 6): void {
  if (value === 4 || value === 6) {
    forcedFamily = value;
    autoSelectFamily = false;
    return;
  }
  if (value === 0) value = true;
  validateBoolean(value, 'value');
  forcedFamily = undefined;
  autoSelectFamily = value;
}

/** The family for a connect without the option `family`, or undefined for any. */
export function defaultFamily(options: {
  autoSelectFamily?: boolean | undefined;
  localAddress?: string | undefined;
}): 4 | 6 | undefined {
  // A local address determines the family.
  return options.autoSelectFamily === true || options.localAddress ? undefined : forcedFamily;
}

/** Returns the number of milliseconds between the starts of two connection attempts. */
export function getDefaultAutoSelectFamilyAttemptTimeout(): number {
  return (attemptTimeout ??= netModule().getDefaultAutoSelectFamilyAttemptTimeout());
}

/**
 * Sets the number of milliseconds between the starts of two connection attempts.
 *
 * @param value - milliseconds, at least 1; less than 10 counts as 10
 */
export function setDefaultAutoSelectFamilyAttemptTimeout(value: number): void {
  attemptTimeout = checkAttemptTimeout(value, 'value');
}

export function checkAttemptTimeout(value: unknown, name: string): number {
  validateInt32(value, name, 1);
  return Math.max(value, MIN_ATTEMPT_TIMEOUT);
}
