/** What a connection has been through, as bits of its `state`. */
export const ENDED = 1; // by its peer
export const FINISHED = 2; // by us
export const SHUT = 4; // and that is done
export const PAUSED = 8;
export const HOLDING = 16; // see paused-input.ts
export const GONE = 32; // closed, or given away
export const WAITING = 64; // `write` has returned false, and `drain` has not come yet
export const UNREF = 128;
export const CORKED = 256;
export const UNOPENED = 512; // `open` was not called yet
export const CLOSING = 1024; // to be closed as soon as all is sent, whatever its peer does
export const REPORTED = 2048; // that it is closed
export const AWAITED = 4096; // somebody waits for that report
