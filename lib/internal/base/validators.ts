/**
 * Checks of arguments, with the errors of Node 26. Every function returns normally or throws.
 */
import {
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
  ERR_OUT_OF_RANGE,
  ERR_SOCKET_BAD_PORT,
} from './errors';

/** An integer between `min` and `max`, both included. */
export function validateInteger(
  value: unknown,
  name: string,
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== 'number') throw new ERR_INVALID_ARG_TYPE(name, 'number', value);
  if (!Number.isInteger(value)) throw new ERR_OUT_OF_RANGE(name, 'an integer', value);
  if (value < min || value > max) {
    throw new ERR_OUT_OF_RANGE(name, `>= ${min} && <= ${max}`, value);
  }
}

/** An integer between `min` and `max`, by default the range of a signed 32-bit integer. */
export function validateInt32(
  value: unknown,
  name: string,
  min = -2147483648,
  max = 2147483647,
): asserts value is number {
  validateInteger(value, name, min, max);
}

/** An unsigned 32-bit integer; `positive` excludes zero. */
export function validateUint32(
  value: unknown,
  name: string,
  positive = false,
): asserts value is number {
  validateInteger(value, name, positive ? 1 : 0, 4294967295);
}

/** A number, between `min` and `max` if these are given; NaN is then rejected. */
export function validateNumber(
  value: unknown,
  name: string,
  min?: number,
  max?: number,
): asserts value is number {
  if (typeof value !== 'number') throw new ERR_INVALID_ARG_TYPE(name, 'number', value);
  const bounded = min !== undefined || max !== undefined;
  if (
    (min !== undefined && value < min) ||
    (max !== undefined && value > max) ||
    (bounded && Number.isNaN(value))
  ) {
    const bounds = [
      ...(min === undefined ? [] : [`>= ${min}`]),
      ...(max === undefined ? [] : [`<= ${max}`]),
    ];
    throw new ERR_OUT_OF_RANGE(name, bounds.join(' && '), value);
  }
}

export function validateString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw new ERR_INVALID_ARG_TYPE(name, 'string', value);
}

/** A string without zero bytes, at which the operating system would truncate it. */
export function validateStringWithoutNullBytes(
  value: unknown,
  name: string,
): asserts value is string {
  validateString(value, name);
  if (value.includes('\0')) {
    throw new ERR_INVALID_ARG_VALUE(name, value, 'must be a string without null bytes');
  }
}

export function validateBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw new ERR_INVALID_ARG_TYPE(name, 'boolean', value);
}

export function validateFunction(
  value: unknown,
  name: string,
): asserts value is (...args: never[]) => unknown {
  if (typeof value !== 'function') throw new ERR_INVALID_ARG_TYPE(name, 'Function', value);
}

/** An object that is neither null, an array nor a function. */
export function validateObject(value: unknown, name: string): asserts value is object {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new ERR_INVALID_ARG_TYPE(name, 'Object', value);
  }
}

/** An array of at least `minLength` entries. */
export function validateArray(
  value: unknown,
  name: string,
  minLength = 0,
): asserts value is unknown[] {
  if (!Array.isArray(value)) throw new ERR_INVALID_ARG_TYPE(name, 'Array', value);
  if (value.length < minLength) {
    throw new ERR_INVALID_ARG_VALUE(name, value, `must have a length of at least ${minLength}`);
  }
}

/** One of a few values, compared as `Array.prototype.includes` does. */
export function validateOneOf<Value>(
  value: unknown,
  name: string,
  allowed: readonly Value[],
): asserts value is Value {
  if (allowed.includes(value as Value)) return;
  const texts = allowed.map((one) => (typeof one === 'string' ? `'${one}'` : String(one)));
  throw new ERR_INVALID_ARG_VALUE(name, value, `must be one of: ${texts.join(', ')}`);
}

/** `undefined`, or an object that looks like an AbortSignal. */
export function validateAbortSignal(
  value: unknown,
  name: string,
): asserts value is AbortSignal | undefined {
  if (value === undefined) return;
  if (value === null || typeof value !== 'object' || !('aborted' in value)) {
    throw new ERR_INVALID_ARG_TYPE(name, 'AbortSignal', value);
  }
}

/**
 * A port number, or a string that converts to one.
 *
 * @returns the port as a number
 */
export function validatePort(port: unknown, name = 'Port', allowZero = true): number {
  if (typeof port === 'number' || (typeof port === 'string' && port.trim() !== '')) {
    const number = +port;
    // Only unsigned 16-bit integers are valid; -0 counts as 0.
    if (number === number >>> 0 && number <= 0xffff && (number !== 0 || allowZero)) {
      return number | 0;
    }
  }
  throw new ERR_SOCKET_BAD_PORT(name, port, allowZero);
}
