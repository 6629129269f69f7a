import { netModule } from '../base/builtins';
import { validateBoolean, validateInt32 } from '../base/validators';

/**
 * The process-wide defaults of connection attempts. Until they are set they are the running Node's,
 * command-line flags included.
 */

const MIN_ATTEMPT_TIMEOUT = 10;

/** 4 or 6 if connects that name no family are to use that one. */
let forcedFamily: 4 | 6 | undefined;
let autoSelectFamily: boolean | undefined;
let attemptTimeout: number | undefined;

/** Whether a connect to a name tries the addresses of both families, or the one family it uses. */
export function getDefaultAutoSelectFamily(): boolean | 4 | 6;
/** As in `node:net`, which knows of no single family: so that uvnet may stand for it. */
export function getDefaultAutoSelectFamily(): boolean;
export function getDefaultAutoSelectFamily(): boolean | 4 | 6 {
  return forcedFamily ?? (autoSelectFamily ??= netModule().getDefaultAutoSelectFamily());
}

/**
 * Sets the default of the option `autoSelectFamily`.
 *
 * @param value - a boolean as in `node:net`; 4 or 6: a connect that names no family uses that one;
 *   0: both, as `true`
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

/** The family of a connect that names none, or undefined for any. */
export function defaultFamily(options: {
  autoSelectFamily?: boolean | undefined;
  localAddress?: string | undefined;
}): 4 | 6 | undefined {
  // A local address says which family it is.
  return options.autoSelectFamily === true || options.localAddress ? undefined : forcedFamily;
}

/** Milliseconds between the starts of two connection attempts. */
export function getDefaultAutoSelectFamilyAttemptTimeout(): number {
  return (attemptTimeout ??= netModule().getDefaultAutoSelectFamilyAttemptTimeout());
}

/** @param value - milliseconds, at least 1; less than 10 counts as 10 */
export function setDefaultAutoSelectFamilyAttemptTimeout(value: number): void {
  attemptTimeout = checkAttemptTimeout(value, 'value');
}

export function checkAttemptTimeout(value: unknown, name: string): number {
  validateInt32(value, name, 1);
  return Math.max(value, MIN_ATTEMPT_TIMEOUT);
}
