import { Buffer } from 'node:buffer';
import { binding } from '../../internal/native/binding';

/**
 * The memory that the native code and this folder share. native/lean/lean_hub.h has the same
 * numbers.
 */

/** Indexes into `numbers`. */
// Only the native code uses index 0, the number of events.
/** How many events were handled, including the one in progress. */
export const DELIVERED = 1;
export const SEND_COUNT = 2;
export const SEND_USED = 3;
/** Not 0 during a delivery: the native code then sends the writes. */
export const DELIVERING = 4;
const COUNTERS = 8;
export const EVENTS = 16;
const MAX_EVENTS = 1024;
export const SENDS = EVENTS + 4 * MAX_EVENTS;
export const MAX_SENDS = 1024;

/** Types of events. */
export const ACCEPTED = 1;
export const OPEN = 2;
export const DATA = 3;
export const END = 4;
export const READ_ERROR = 5;
export const WRITE_ERROR = 6;
export const QUEUED = 7;
export const DRAIN = 8;
export const SHUTDOWN = 9;
export const FRAME_ERROR = 10;
export const CLOSED = 11;
export const HELD = 12;
export const STOPPED = 13;

/** The value of QUEUED if the true number does not fit. */
export const MOST_QUEUED = 2 ** 31 - 1;

/**
 * Room for the reads of a busy turn of the loop: hundreds of small reads, or a few large ones. A
 * larger area would only put more pressure on the caches.
 */
const RECEIVE_SIZE = 256 * 1024;
/** The writes of a turn leave when this area is full, at the latest. */
export const SEND_SIZE = 64 * 1024;

export let numbers: Int32Array;
/** The numbers of bytes read and written by the connection that was closed last. */
export let counters: Float64Array;
export let received: Buffer;
export let receivedWords: Int32Array;
export let sending: Buffer;

/** Whether the native code is a debug build. */
export let isDebugBuild = false;

type Deliver = (group: number, end: number, message?: Buffer) => void;

/**
 * Allocates the memory for the first handler table. Programs without handler tables do not need it.
 */
export function start(deliver: Deliver): void {
  if (numbers !== undefined) return;
  // Programs may hold views of it, and they cannot detach a SharedArrayBuffer.
  const shared = new SharedArrayBuffer(RECEIVE_SIZE);
  received = Buffer.from(shared);
  receivedWords = new Int32Array(shared);
  sending = Buffer.allocUnsafeSlow(SEND_SIZE);
  numbers = new Int32Array(SENDS + 4 * MAX_SENDS);
  counters = new Float64Array(numbers.buffer, 4 * COUNTERS, 2);
  const status = binding.leanStart(numbers, received, sending, deliver);
  if (status < 0) throw new Error(`uvnet/lean: the native code did not start (${status})`);
  isDebugBuild = status === 1;
}
