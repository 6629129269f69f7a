import * as nodeNet from 'node:net';
import { validateBoolean, validateInt32 } from './validators';

/**
 * The process-wide defaults of connection attempts. They start as the running Node has them,
 * command-line flags included.
 */

const MIN_ATTEMPT_TIMEOUT = 10;

let autoSelectFamily = nodeNet.getDefaultAutoSelectFamily();
let attemptTimeout = nodeNet.getDefaultAutoSelectFamilyAttemptTimeout();

/** Whether a connect to a name tries the addresses of both families. */
export function getDefaultAutoSelectFamily(): boolean {
  return autoSelectFamily;
}

/** @param value - the new default of the option `autoSelectFamily` */
export function setDefaultAutoSelectFamily(value: boolean): void {
  validateBoolean(value, 'value');
  autoSelectFamily = value;
}

/** Milliseconds between the starts of two connection attempts. */
export function getDefaultAutoSelectFamilyAttemptTimeout(): number {
  return attemptTimeout;
}

/** @param value - milliseconds, at least 1; less than 10 counts as 10 */
export function setDefaultAutoSelectFamilyAttemptTimeout(value: number): void {
  attemptTimeout = checkAttemptTimeout(value, 'value');
}

export function checkAttemptTimeout(value: unknown, name: string): number {
  validateInt32(value, name, 1);
  return Math.max(value as number, MIN_ATTEMPT_TIMEOUT);
}
