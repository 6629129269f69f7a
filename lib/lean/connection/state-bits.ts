/** The bits of a connection's `state`. */
export const ENDED = 1; // the peer has ended its side
export const FINISHED = 2; // `end` was called
export const SHUT = 4; // the end was sent
export const PAUSED = 8;
export const HOLDING = 16; // see paused-input.ts
export const GONE = 32; // closed or transferred
export const WAITING = 64; // `write` has returned false, and `drain` was not called yet
export const UNREF = 128;
export const CORKED = 256;
export const UNOPENED = 512; // `open` was not called yet
export const CLOSING = 1024; // closes as soon as all data is sent, whatever the peer does
export const REPORTED = 2048; // the close was reported
export const AWAITED = 4096; // the program waits for that report
export const UNFINISHED = 8192; // all was sent when it closed, and `finish` was not called yet
