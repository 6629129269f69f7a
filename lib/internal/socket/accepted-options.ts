import type { Handle } from '../native/handle';

/**
 * The options of a connection that a server accepted, as Duplex reads them. One object serves all
 * connections of a server; only the handle is another each time.
 */
export class AcceptedSocketOptions {
  handle: Handle | null = null;
  allowHalfOpen = false;
  pauseOnCreate = false;
  readableHighWaterMark = 0;
  writableHighWaterMark = 0;
  // 'close' comes from the handle, and texts are encoded by the native code.
  readonly emitClose = false;
  readonly autoDestroy = true;
  readonly decodeStrings = false;
  readonly readable = true;
  readonly writable = true;
}
