import { NativeUnavailable } from '../internal/base/errors';

/** What `node:net` lacks throws here: to ignore it would be to let everybody in, in silence. */

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
 * Gives an object the methods that it lacks; each throws.
 *
 * @param caption - what stands before the name in the message, say `socket.`
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
