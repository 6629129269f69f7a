import { whenExiting } from '../../internal/base/exiting';
import { binding } from '../../internal/native/binding';
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
 * The send area collects the writes of one turn, connection by connection, which then leave
 * together. During a delivery of events, the native code sends the area. At other times, a tick
 * does.
 */

/** Most bytes that one UTF-16 unit of a text takes (in UTF-8). */
const MAX_UNIT_SIZE = 3;
/**
 * Larger Buffers are written directly: copying them would cost more than the call that it saves.
 */
export const MAX_COPY = 8 * 1024;
/** Up to this length, a loop is faster than a built-in function. */
const SHORT_TEXT = 48;
const SHORT_COPY = 32;

let scheduled = false;
let exitHooked = false;
let exiting = false;

/** Sends the contents of the area. */
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
    // During the exit, no delivery will end any more.
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
 * Makes room for a number of bytes, at most SEND_SIZE.
 *
 * @returns whether it had to send the contents of the area first
 */
function makeRoom(size: number): boolean {
  if (numbers[SEND_USED] + size <= SEND_SIZE && numbers[SEND_COUNT] < MAX_SENDS) return false;
  binding.leanFlush();
  return true;
}

/** Like {@link makeRoom}, for at most MAX_COPY bytes. */
export const makeRoomForBytes = (bytes: Uint8Array): boolean => makeRoom(bytes.length);

/** Like {@link makeRoom}, for a text that fits. */
export const makeRoomForText = (text: string): boolean => makeRoom(text.length * MAX_UNIT_SIZE);

/** Whether a text fits into the area, whatever its characters are. */
export const fits = (text: string): boolean => text.length * MAX_UNIT_SIZE <= SEND_SIZE;

/** Records that bytes of a connection were put at the end of the area. */
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

/** Puts bytes into the area, which must have room for them. Returns how many. */
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

/** Puts a text into the area, which must have room for it. Returns how many bytes it took. */
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
