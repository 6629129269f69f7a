import { binding } from '../internal/native/binding';
import { GONE, HOLDING, PAUSED, type Connection } from './connection';
import { frameError, onEnd } from './deliver';
import { PackedMessages } from './packed-messages';

/**
 * What a connection got while it was paused: a pause keeps the core from reading on, but not from
 * what it has read in the same turn. Also what was read before there was a handler table.
 *
 * The connection gets it one by one, each by an event that is asked for, and reads on when all of it
 * is gone. So a handler that pauses after each message holds what one read has brought, and no more.
 */

/** More than so many are packed: one read may bring 65,536, and each Buffer takes a hundred bytes. */
const MAX_BUFFERS = 64;

class Held {
  ended = false;
  /** Comes behind the bytes. */
  error: Error | undefined = undefined;
  /** The event is on its way. */
  asked = false;
  private readonly buffers: Buffer[] = [];
  /** Those behind the Buffers. */
  private packed: PackedMessages | undefined = undefined;

  get hasBytes(): boolean {
    return this.buffers.length > 0 || this.packed?.isEmpty === false;
  }

  push(bytes: Buffer): void {
    if (this.packed === undefined && this.buffers.length < MAX_BUFFERS) this.buffers.push(bytes);
    else (this.packed ??= new PackedMessages()).push(bytes);
  }

  shift(): Buffer | undefined {
    const bytes = this.buffers.shift() ?? this.packed?.shift();
    if (this.packed?.isEmpty === true) this.packed = undefined;
    return bytes;
  }
}

const held = new Map<Connection, Held>();

function heldBy(connection: Connection): Held {
  let mine = held.get(connection);
  if (mine === undefined) {
    mine = new Held();
    held.set(connection, mine);
    connection.state |= HOLDING;
  }
  return mine;
}

function release(connection: Connection): void {
  held.delete(connection);
  connection.state &= ~HOLDING;
}

/** @param bytes - the connection's own */
export function hold(connection: Connection, bytes: Buffer): void {
  heldBy(connection).push(bytes);
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
export function takeHeld(connection: Connection): { chunks: Buffer[]; ended: boolean } {
  const mine = held.get(connection);
  const chunks: Buffer[] = [];
  if (mine === undefined) return { chunks, ended: false };
  release(connection);
  for (let next = mine.shift(); next !== undefined; next = mine.shift()) chunks.push(next);
  return { chunks, ended: mine.ended };
}

/** The connection wants the first thing that is held. */
export function askForHeld(connection: Connection): void {
  const mine = held.get(connection)!;
  if (mine.asked) return;
  mine.asked = true;
  binding.leanHold(connection.id);
}

/** It gets that, and asks for the next one by itself. */
export function releaseHeld(connection: Connection): void {
  const mine = held.get(connection);
  if (mine === undefined) return;
  mine.asked = false;
  if ((connection.state & PAUSED) !== 0) return;
  const bytes = mine.shift();
  const { error, ended } = mine;
  // All before the handler, which may throw.
  if (bytes === undefined || !(mine.hasBytes || ended || error !== undefined)) {
    release(connection);
    if (error === undefined && !ended) connection.readOn();
  } else {
    askForHeld(connection);
  }
  if ((connection.state & GONE) !== 0) return;
  if (bytes !== undefined) connection.group.table.data(connection, bytes);
  else if (error !== undefined) connection.destroy(error);
  else if (ended) onEnd(connection);
}
