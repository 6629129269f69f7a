import { whenExiting } from '../internal/base/exiting';
import { binding } from '../internal/native/binding';
import {
  DELIVERING,
  MAX_SENDS,
  numbers,
  SEND_COUNT,
  SEND_SIZE,
  SEND_USED,
  sending,
  SENDS,
} from './shared-memory';

/**
 * The send area: what is written in one turn is put there, connection by connection, and leaves
 * together. While events are delivered the native code sees to that; at other times a tick does.
 */

/** A text takes at most so many bytes per unit (in UTF-8). */
const MAX_UNIT_SIZE = 3;
/** Above this a Buffer is written by itself: to copy it would cost more than the call it saves. */
export const MAX_COPY = 8 * 1024;
/** Up to this, a loop is faster than a call of the engine. */
const SHORT_TEXT = 48;
const SHORT_COPY = 32;

let scheduled = false;
let exitHooked = false;
let exiting = false;

/** Sends all that is in the area. */
function flush(): void {
  if (numbers[SEND_COUNT] !== 0) binding.leanFlush();
}

function flushInTick(): void {
  scheduled = false;
  flush();
}

function schedule(): void {
  if (!exitHooked) {
    exitHooked = true;
    // From then on no delivery ends any more either.
    whenExiting(() => {
      exiting = true;
      flush();
    });
  }
  if (exiting) {
    flush();
  } else if (!scheduled && numbers[DELIVERING] === 0) {
    scheduled = true;
    process.nextTick(flushInTick);
  }
}

/**
 * Makes room for so many bytes, SEND_SIZE at most.
 *
 * @returns whether all that was in the area had to leave for it
 */
function makeRoom(size: number): boolean {
  if (numbers[SEND_USED] + size <= SEND_SIZE && numbers[SEND_COUNT] < MAX_SENDS) return false;
  binding.leanFlush();
  return true;
}

/** As {@link makeRoom}, for MAX_COPY bytes at most. */
export const makeRoomForBytes = (bytes: Uint8Array): boolean => makeRoom(bytes.length);

/** As {@link makeRoom}, for a text that fits. */
export const makeRoomForText = (text: string): boolean => makeRoom(text.length * MAX_UNIT_SIZE);

/** Whether a text is short enough for the area, whatever it is made of. */
export const fits = (text: string): boolean => text.length * MAX_UNIT_SIZE <= SEND_SIZE;

/** Bytes of a connection were put into the area, at the end of what is there. */
function note(id: number, at: number, size: number): void {
  const count = numbers[SEND_COUNT];
  numbers[SEND_USED] = at + size;
  const last = SENDS + 4 * (count - 1);
  if (count > 0 && numbers[last] === id) {
    numbers[last + 2] += size;
    return;
  }
  const record = last + 4;
  numbers[record] = id;
  numbers[record + 1] = at;
  numbers[record + 2] = size;
  numbers[SEND_COUNT] = count + 1;
  if (count === 0 || exiting) schedule();
}

/** Puts bytes that room was made for into the area; returns how many. */
export function putBytes(id: number, bytes: Uint8Array): number {
  const size = bytes.length;
  if (size === 0) return 0;
  const at = numbers[SEND_USED];
  if (size <= SHORT_COPY) {
    for (let i = 0; i < size; i += 1) sending[at + i] = bytes[i]!;
  } else {
    sending.set(bytes, at);
  }
  note(id, at, size);
  return size;
}

/** Likewise a text; returns how many bytes it took. */
export function putText(id: number, text: string, encoding: BufferEncoding | undefined): number {
  if (text.length === 0) return 0;
  const at = numbers[SEND_USED];
  const size = isUtf8(encoding)
    ? putUtf8(text, at)
    : sending.write(text, at, SEND_SIZE - at, encoding);
  if (size > 0) note(id, at, size);
  return size;
}

const isUtf8 = (encoding: string | undefined): boolean =>
  encoding === undefined || encoding === 'utf8' || encoding === 'utf-8';

function putUtf8(text: string, at: number): number {
  const { length } = text;
  if (length <= SHORT_TEXT) {
    let i = 0;
    for (; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      sending[at + i] = code;
    }
    if (i === length) return length;
  }
  return sending.write(text, at);
}
