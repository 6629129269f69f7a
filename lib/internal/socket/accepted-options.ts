import type { Handle } from '../native/handle';

/**
 * The options of an accepted connection, in the form that Duplex reads. All connections of a server
 * share one object; only the handle changes.
 */
export class AcceptedSocketOptions {
  handle: Handle | null = null;
  allowHalfOpen = false;
  pauseOnCreate = false;
  readableHighWaterMark = 0;
  writableHighWaterMark = 0;
  // The handle emits 'close', and the native code encodes texts.
  readonly emitClose = false;
  readonly autoDestroy = true;
  readonly decodeStrings = false;
  readonly readable = true;
  readonly writable = true;
}
