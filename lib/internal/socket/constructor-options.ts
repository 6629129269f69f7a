import type * as nodeNet from 'node:net';
import { ERR_INVALID_ARG_VALUE } from '../base/errors';
import { validateNumber } from '../base/validators';
import type { ConnectSocketOptions } from '../options/socket-option-types';

/** Options of `new Socket()`. See `net.Socket` for options that are not described here. */
export interface SocketOptions
  extends Omit<nodeNet.SocketConstructorOpts, 'handle' | 'typeOfService'>, ConnectSocketOptions {
  handle?: unknown;
  noDelay?: boolean | undefined;
  keepAlive?: boolean | undefined;
  /** Milliseconds. */
  keepAliveInitialDelay?: number | undefined;
  highWaterMark?: number | undefined;
  blockList?: nodeNet.BlockList | undefined;
  /**
   * Whether to accept descriptors over Unix sockets; the event 'descriptor' reports them. Default:
   * false.
   */
  receiveDescriptors?: boolean | undefined;
  objectMode?: boolean | undefined;
  readableObjectMode?: boolean | undefined;
  writableObjectMode?: boolean | undefined;
  pauseOnCreate?: boolean | undefined;
  manualStart?: boolean | undefined;
}

/** Throws if the options are invalid. */
export function checkSocketOptions(options: SocketOptions | undefined): void {
  if (options == null) return;
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode'] as const) {
    if (options[name]) {
      throw new ERR_INVALID_ARG_VALUE(`options.${name}`, options[name], 'is not supported');
    }
  }
  if (options.keepAliveInitialDelay !== undefined) {
    validateNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    if (options.keepAliveInitialDelay < 0) options.keepAliveInitialDelay = 0;
  }
}
