import { MessagePort, Worker } from 'node:worker_threads';
import { netModule } from '../../internal/base/builtins';
import { replaceMethod, type Giver, type Patch } from './replace';

/**
 * `postMessage(value, [socket])`, on versions of Node whose own sockets can be transferred (24.20,
 * 26.6). The other thread gets a socket of Node, as it would without uvnet.
 */

/** Whether sockets of this Node can be transferred: they then have methods for it. */
const canTransfer = (): boolean =>
  Object.getOwnPropertySymbols(netModule().Socket.prototype).some(
    ({ description }) => description === 'messaging_transfer_symbol',
  );

/** Copies the parts of a message, and replaces some objects by others. */
function substitute(value: unknown, others: Map<unknown, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = others.get(value);
  if (known !== undefined) return known;
  const copy = <Value>(made: Value): Value => {
    // This is set before its members are copied, because they may refer to it.
    others.set(value, made);
    return made;
  };
  if (Array.isArray(value)) {
    const made = copy<unknown[]>([]);
    for (const each of value) made.push(substitute(each, others));
    return made;
  }
  if (value instanceof Map) {
    const made = copy(new Map<unknown, unknown>());
    for (const [key, each] of value) made.set(substitute(key, others), substitute(each, others));
    return made;
  }
  if (value instanceof Set) {
    const made = copy(new Set<unknown>());
    for (const each of value) made.add(substitute(each, others));
    return made;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // All other objects are cloned in their own ways.
  if (prototype !== Object.prototype && prototype !== null) return value;
  const made = copy<Record<string, unknown>>({});
  for (const [key, each] of Object.entries(value)) made[key] = substitute(each, others);
  return made;
}

interface Lists {
  transfer?: unknown;
}

function patchPostMessage(prototype: object, giver: Giver): () => void {
  return replaceMethod(
    prototype,
    'postMessage',
    (postMessage) =>
      function (this: unknown, value: unknown, lists?: unknown, ...rest: unknown[]) {
        const list = Array.isArray(lists) ? lists : (lists as Lists | undefined)?.transfer;
        if (!Array.isArray(list) || !list.some((each) => giver.isSocket(each))) {
          return Reflect.apply(postMessage, this, [value, lists, ...rest]) as unknown;
        }
        const others = new Map<unknown, unknown>();
        const given = list.map((each) => {
          const other = giver.give(each);
          if (other !== each) others.set(each, other);
          return other;
        });
        return Reflect.apply(postMessage, this, [
          substitute(value, others),
          given,
          ...rest,
        ]) as unknown;
      },
  );
}

export const patchMessages: Patch = (giver) => {
  if (!canTransfer()) return () => {};
  const undo = [Worker, MessagePort].map(({ prototype }) => patchPostMessage(prototype, giver));
  return () => {
    for (const step of undo) step();
  };
};
