import { binding } from '../internal/native/binding';
import { flushBeforeEnd } from '../internal/native/process-end';
import {
  DELIVERING,
  MAX_SENDS,
  numbers,
  SEND_COUNT,
  SEND_SIZE,
  SEND_USED,
  sending,
  SENDS,
} from './memory';

/**
 * The send area: what is written in one turn is put there, connection by connection, and leaves
 * together. While events are delivered the core sees to that; at other times a tick does.
 */

/** A text takes at most so many bytes per unit (in UTF-8). */
const MAX_UNIT_SIZE = 3;
/** Above this a Buffer is written by itself: to copy it would cost more than the call it saves. */
export const MAX_COPY = 8 * 1024;
/** Up to this, a loop is faster than a call of the engine. */
const SHORT_TEXT = 48;
const SHORT_COPY = 32;

/** How often the area was full. */
export let overflows = 0;

let scheduled = false;
let exitHooked = false;
let exiting = false;

/** Sends all that is in the area. */
export function flush(): void {
  if (numbers[SEND_COUNT] !== 0) binding.leanFlush();
}

function flushInTick(): void {
  scheduled = false;
  flush();
}

function schedule(): void {
  if (!exitHooked) {
    exitHooked = true;
    // From then on no tick runs any more, nor does a delivery end.
    const stop = (): void => {
      exiting = true;
      flush();
    };
    if ((process as { _exiting?: boolean })._exiting === true) exiting = true;
    else process.once('exit', stop);
    flushBeforeEnd(flush);
  }
  if (exiting) {
    flush();
  } else if (!scheduled && numbers[DELIVERING] === 0) {
    scheduled = true;
    process.nextTick(flushInTick);
  }
}

/** Where the next bytes go, with room for so many. */
function place(room: number): number {
  const used = numbers[SEND_USED];
  if (used + room <= SEND_SIZE && numbers[SEND_COUNT] < MAX_SENDS) return used;
  binding.leanFlush();
  overflows += 1;
  return 0;
}

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

/** @param bytes - at most MAX_COPY of them */
export function putBytes(id: number, bytes: Uint8Array): number {
  const size = bytes.length;
  if (size === 0) return 0;
  const at = place(size);
  if (size <= SHORT_COPY) {
    for (let i = 0; i < size; i += 1) sending[at + i] = bytes[i]!;
  } else {
    sending.set(bytes, at);
  }
  note(id, at, size);
  return size;
}

/** The number of bytes that a text took, or -1 where it is too long for the area. */
export function putText(id: number, text: string, encoding: BufferEncoding | undefined): number {
  const { length } = text;
  if (length === 0) return 0;
  if (length * MAX_UNIT_SIZE > SEND_SIZE) return -1;
  const at = place(length * MAX_UNIT_SIZE);
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
