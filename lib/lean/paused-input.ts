import { binding } from '../internal/native/binding';
import { framingError } from './framing';
import { PackedMessages } from './packed-messages';
import { HOLDING } from './state-bits';

/**
 * What a connection got while it was paused: a pause keeps the native code from reading on, but not from
 * what it has read in the same turn. Also what was read before there was a handler table.
 *
 * The connection gets it one by one, each by an event that is asked for, and reads on when all of it
 * is gone. So a handler that pauses after each message holds what one read has brought, and no more.
 */

/** More than so many are packed: one read may bring 65,536, and each Buffer takes a hundred bytes. */
const MAX_BUFFERS = 64;

/** A connection, as what it holds sees it. */
export interface Holder {
  readonly id: number;
  readonly group: { readonly framed: boolean };
  state: number;
}

/** What a connection holds. */
class PausedInput {
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

const inputs = new Map<Holder, PausedInput>();

function inputOf(connection: Holder): PausedInput {
  let mine = inputs.get(connection);
  if (mine === undefined) {
    mine = new PausedInput();
    inputs.set(connection, mine);
    connection.state |= HOLDING;
  }
  return mine;
}

/** The connection holds nothing any more. */
export function release(connection: Holder): void {
  inputs.delete(connection);
  connection.state &= ~HOLDING;
}

export const heldBy = (connection: Holder): PausedInput | undefined => inputs.get(connection);

/** @param bytes - the connection's own */
export function hold(connection: Holder, bytes: Buffer): void {
  inputOf(connection).push(bytes);
}

/** Holds bytes that were read before the connection had its table: whole messages with framing. */
export function holdUnread(connection: Holder, bytes: Buffer): void {
  const messages = connection.group.framed ? binding.leanCut(connection.id, bytes) : [bytes];
  for (const message of messages) {
    if (typeof message === 'number') holdError(connection, framingError(message));
    else hold(connection, message);
  }
}

/** What comes behind the messages that are held. */
export function holdError(connection: Holder, error: Error): void {
  inputOf(connection).error = error;
}

export function holdEnd(connection: Holder): void {
  inputOf(connection).ended = true;
}

/** What is held, which the connection does not get any more. */
export function takeHeld(connection: Holder): { chunks: Buffer[]; ended: boolean } {
  const mine = inputs.get(connection);
  const chunks: Buffer[] = [];
  if (mine === undefined) return { chunks, ended: false };
  release(connection);
  for (let next = mine.shift(); next !== undefined; next = mine.shift()) chunks.push(next);
  return { chunks, ended: mine.ended };
}

/** The connection wants the first thing that is held. */
export function askForHeld(connection: Holder): void {
  const mine = inputs.get(connection)!;
  if (mine.asked) return;
  mine.asked = true;
  binding.leanHold(connection.id);
}
