import { ERR_INVALID_ARG_TYPE } from '../internal/base/errors';
import { optionsPart } from '../internal/options/part';
import { validateObject } from '../internal/base/validators';
import type { Connection } from './connection';
import type { Table } from './group';

const ignore = (): void => {};

const judged = new Set<string>();
/** Programs may make names up for ever. */
const MOST_JUDGED = 100;

/** Of a handler that nobody calls, but that is nearly the name of one. */
function warnOfUnknown(given: Record<string, unknown>, table: object): void {
  for (const name in given) {
    if (name in table || judged.has(name) || judged.size >= MOST_JUDGED) continue;
    judged.add(name);
    // Elsewhere `onData` is the name of such a function.
    const plain = name.replace(/^on(?=[A-Z])/, '');
    optionsPart().warnOfName(plain, Object.keys(table), 'the handler');
  }
}

/** A table that has every handler. */
export function tableOf(handlers: unknown): Table<Connection> {
  validateObject(handlers, 'handlers');
  const given = handlers as Record<string, unknown>;
  const pick = (name: string): never => {
    const handler = given[name] ?? ignore;
    if (typeof handler !== 'function') {
      throw new ERR_INVALID_ARG_TYPE(`handlers.${name}`, 'function', handler);
    }
    return handler as never;
  };
  const table = {
    open: pick('open'),
    data: pick('data'),
    drain: pick('drain'),
    end: pick('end'),
    close: pick('close'),
    timeout: pick('timeout'),
    drop: pick('drop'),
    acceptError: pick('acceptError'),
  };
  warnOfUnknown(given, table);
  return table;
}
