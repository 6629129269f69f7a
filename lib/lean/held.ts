import { binding } from '../internal/native/binding';
import { HOLDING, PAUSED, type Connection } from './connection';
import { frameError, onEnd } from './deliver';

/**
 * What a connection got while it was paused: a pause keeps the core from reading on, but not from
 * what it has read in the same turn. Also what was read before there was a handler table.
 */

interface Held {
  chunks: Buffer[];
  ended: boolean;
  /** Comes behind the chunks. */
  error?: Error;
}

const held = new Map<Connection, Held>();

function heldBy(connection: Connection): Held {
  let mine = held.get(connection);
  if (mine === undefined) {
    mine = { chunks: [], ended: false };
    held.set(connection, mine);
    connection.state |= HOLDING;
  }
  return mine;
}

export function hold(connection: Connection, bytes: Buffer): void {
  heldBy(connection).chunks.push(bytes);
}

/** Holds bytes that were read before the connection had its table: whole messages with framing. */
export function holdUnread(connection: Connection, bytes: Buffer): void {
  const messages = connection.group.framed ? binding.leanCut(connection.id, bytes) : [bytes];
  for (const message of messages) {
    if (typeof message === 'number') holdError(connection, frameError(message));
    else hold(connection, message);
  }
}

/** What comes behind the messages that are held. */
export function holdError(connection: Connection, error: Error): void {
  heldBy(connection).error = error;
}

export function holdEnd(connection: Connection): void {
  heldBy(connection).ended = true;
}

/** What is held, which the connection does not get any more. */
export function takeHeld(connection: Connection): Held {
  const mine = held.get(connection) ?? { chunks: [], ended: false };
  held.delete(connection);
  connection.state &= ~HOLDING;
  return mine;
}

/** Hands out the first thing that is held; the core asks for the next one by itself. */
export function releaseHeld(connection: Connection): void {
  const mine = held.get(connection);
  if (mine === undefined || (connection.state & PAUSED) !== 0) return;
  const bytes = mine.chunks.shift();
  const more = mine.chunks.length > 0 || mine.ended || mine.error !== undefined;
  if (bytes !== undefined && more) {
    // Before the handler, which may throw.
    binding.leanHold(connection.id);
  } else {
    takeHeld(connection);
  }
  if (bytes !== undefined) connection.group.table.data(connection, bytes);
  else if (mine.error !== undefined) connection.destroy(mine.error);
  else if (mine.ended) onEnd(connection);
}
