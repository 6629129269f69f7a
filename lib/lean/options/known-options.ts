import { ERR_INVALID_ARG_VALUE } from '../../internal/base/errors';
import { validateObject } from '../../internal/base/validators';
import { nearName } from '../../internal/options/near-names';

/**
 * Rejects unknown options. A misspelt option has no effect, and it may be the one that protects a
 * server.
 *
 * @throws ERR_INVALID_ARG_TYPE if `options` is not an object; ERR_INVALID_ARG_VALUE, which suggests
 *   the most similar name
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
    const near = nearName(given, known);
    const hint = near === undefined ? '' : ` (did you mean '${near}'?)`;
    const value = (options as Record<string, unknown>)[given];
    throw new ERR_INVALID_ARG_VALUE(`${name}.${given}`, value, `is unknown${hint}`);
  }
}

/** Makes a set of names. The compiler checks that it contains every option of the type. */
export const namesOf = <Options>(names: Record<keyof Options, true>): ReadonlySet<string> =>
  new Set(Object.keys(names));
