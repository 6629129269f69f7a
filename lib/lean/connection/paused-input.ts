import { binding } from '../../internal/native/binding';
import { framingError } from '../options/framing';
import { PackedMessages } from './packed-messages';
import { HOLDING } from './state-bits';

/**
 * Input that a connection holds while it is paused. A pause stops the native code from reading
 * further, but it may have read more in the same turn already. Bytes that were read before the
 * connection had a handler table are held too.
 *
 * The connection gets the held messages one by one. It requests an event for each, and reads on
 * when all of them were delivered. So a handler that pauses after each message makes the connection
 * hold at most the data of one read.
 */

/**
 * Messages after this number are packed: one read may bring 65,536, and each Buffer takes a hundred
 * bytes.
 */
const MAX_BUFFERS = 64;

/** The members of a connection that this file needs. */
export interface Holder {
  readonly id: number;
  readonly group: { readonly framed: boolean };
  state: number;
}

/** The held input of one connection. */
class PausedInput {
  ended = false;
  /** Reported after the bytes. */
  error: Error | undefined = undefined;
  /** Whether it is an error of the framing. */
  misframed = false;
  /** Whether an event was requested and has not arrived yet. */
  asked = false;
  private readonly buffers: Buffer[] = [];
  /** Messages after those in `buffers`. */
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

/** Drops everything that the connection holds. */
export function release(connection: Holder): void {
  inputs.delete(connection);
  connection.state &= ~HOLDING;
}

export const heldBy = (connection: Holder): PausedInput | undefined => inputs.get(connection);

/** @param bytes - a copy that the connection owns */
export function hold(connection: Holder, bytes: Buffer): void {
  inputOf(connection).push(bytes);
}

/** Holds bytes that were read before the connection had its table; with framing, whole messages. */
export function holdUnread(connection: Holder, bytes: Buffer): void {
  const messages = connection.group.framed ? binding.leanCut(connection.id, bytes) : [bytes];
  for (const message of messages) {
    if (typeof message === 'number') holdError(connection, framingError(message), true);
    else hold(connection, message);
  }
}

/** Holds an error, which is reported after the held messages. */
export function holdError(connection: Holder, error: Error, misframed = false): void {
  Object.assign(inputOf(connection), { error, misframed });
}

export function holdEnd(connection: Holder): void {
  inputOf(connection).ended = true;
}

/** Removes and returns all held input, for another owner. */
export function takeHeld(connection: Holder): { chunks: Buffer[]; ended: boolean } {
  const mine = inputs.get(connection);
  const chunks: Buffer[] = [];
  if (mine === undefined) return { chunks, ended: false };
  release(connection);
  for (let next = mine.shift(); next !== undefined; next = mine.shift()) chunks.push(next);
  return { chunks, ended: mine.ended };
}

/** Requests the delivery of the first held item. */
export function askForHeld(connection: Holder): void {
  const mine = inputs.get(connection)!;
  if (mine.asked) return;
  mine.asked = true;
  binding.leanHold(connection.id);
}
