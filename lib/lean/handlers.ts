import { ERR_INVALID_ARG_TYPE, type SystemError } from '../internal/base/errors';
import { optionsPart } from '../internal/options/part';
import type { DropData } from '../internal/listen/accept';
import { validateObject } from '../internal/base/validators';
import type { Connection } from './connection';
import type { Table } from './group';

/**
 * What is called when something happens to a connection. Each of them may be left out, and is called
 * without a `this`. One that throws causes an 'uncaughtException'; the others are called all the same.
 */
export interface Handlers<Data = unknown> {
  /** A connection is there. */
  open?: (connection: Connection<Data>) => void;
  /** Bytes have come in or, with `framing`, one message. */
  data?: (connection: Connection<Data>, bytes: Buffer) => void;
  /** All that waited was sent, after `write` had returned false. */
  drain?: (connection: Connection<Data>) => void;
  /** The peer has ended. Unless `allowHalfOpen` is set, the connection is ended after this. */
  end?: (connection: Connection<Data>) => void;
  /** The connection is closed; `error` says why where it was not ended in an orderly manner. */
  close?: (connection: Connection<Data>, error: NodeJS.ErrnoException | undefined) => void;
  /** No byte has moved for the time that `setTimeout` was given. */
  timeout?: (connection: Connection<Data>) => void;
}

/** Handlers of a listener. */
export interface ServerHandlers<Data = unknown> extends Handlers<Data> {
  /** A connection was not let in; see the options that limit a server. */
  drop?: (drop: DropData) => void;
  /** A connection could not be accepted, for want of descriptors or memory. */
  acceptError?: (error: SystemError) => void;
}

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
