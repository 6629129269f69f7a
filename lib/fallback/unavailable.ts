import { NativeUnavailable } from '../internal/base/errors';

/**
 * Features that `node:net` lacks throw. If they were silently ignored, a server would accept
 * everybody.
 */

let why = '';

/** @param reason - why there is no native code, for the messages */
export function setReason(reason: string): void {
  [why = ''] = reason.split('\n');
}

/** @throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM */
export function unavailable(feature: string): never {
  throw new NativeUnavailable(feature, why);
}

/**
 * Adds the missing methods to an object. Each of them throws.
 *
 * @param caption - text before the name in the message, such as `socket.`
 */
export function addMissing(target: object, caption: string, names: readonly string[]): void {
  for (const name of names) {
    if (name in target) continue;
    Object.defineProperty(target, name, {
      configurable: true,
      writable: true,
      value: () => unavailable(`${caption}${name}()`),
    });
  }
}
