import { ERR_INVALID_ARG_VALUE } from '../internal/base/errors';
import { validateObject } from '../internal/base/validators';
import { optionsPart } from '../internal/options/part';

/**
 * Refuses options that do not exist: one that is misspelt, and so has no effect, may be the one that
 * protects a server.
 *
 * @throws ERR_INVALID_ARG_TYPE if `options` is not an object; ERR_INVALID_ARG_VALUE, with the name that
 *   is nearest
 */
export function checkNames(
  options: unknown,
  known: ReadonlySet<string>,
  name = 'options',
): asserts options is object {
  validateObject(options, name);
  // Inherited properties count, as everywhere in node:net.
  for (const given in options) {
    if (known.has(given)) continue;
    const near = optionsPart().nearName(given, known);
    const hint = near === undefined ? '' : ` (near: '${near}')`;
    const value = (options as Record<string, unknown>)[given];
    throw new ERR_INVALID_ARG_VALUE(`${name}.${given}`, value, `is not known${hint}`);
  }
}

/** A set of names; the compiler sees to it that it has every option of the type. */
export const namesOf = <Options>(names: Record<keyof Options, true>): ReadonlySet<string> =>
  new Set(Object.keys(names));
