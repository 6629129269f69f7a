import { ERR_INVALID_ARG_TYPE } from '../../internal/base/errors';
import { optionsPart } from '../../internal/options/part';
import { validateObject } from '../../internal/base/validators';
import { kMisframed } from '../options/framing';
import type { Connection } from './connection';
import type { Table } from './group';

const ignore = (): void => {};

const judged = new Set<string>();
/** A limit, because programs may generate any number of names. */
const MOST_JUDGED = 100;

/** Warns about an unknown name that resembles the name of a handler. */
function warnOfUnknown(given: Record<string, unknown>, table: object): void {
  for (const name in given) {
    if (name in table || judged.has(name) || judged.size >= MOST_JUDGED) continue;
    judged.add(name);
    // Other libraries call such a function `onData`.
    const plain = name.replace(/^on(?=[A-Z])/, '');
    optionsPart().warnOfName(plain, Object.keys(table), 'handler');
  }
}

/** Makes a complete table: missing handlers are replaced by empty functions. */
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
    finish: pick('finish'),
    end: pick('end'),
    close: pick('close'),
    timeout: pick('timeout'),
    drop: pick('drop'),
    acceptError: pick('acceptError'),
    [kMisframed]: (handlers as Partial<Table<Connection>>)[kMisframed] ?? ignore,
  };
  warnOfUnknown(given, table);
  return table;
}
