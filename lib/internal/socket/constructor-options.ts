import type * as nodeNet from 'node:net';
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } from '../base/errors';
import { validateNumber } from '../base/validators';
import { isBlockList } from '../block-list/list-id';
import type { ConnectSocketOptions } from '../options/socket-option-types';

/** Options of `new Socket()`. See `net.Socket` for options that are not described here. */
export interface SocketOptions
  extends Omit<nodeNet.SocketConstructorOpts, 'handle' | 'typeOfService'>, ConnectSocketOptions {
  /** A handle of a connection, or a `BoundSocket` to connect from. */
  handle?: unknown;
  /** Whether to send small writes at once (Nagle's algorithm off). Default: false. */
  noDelay?: boolean | undefined;
  /** Whether to probe the peer of an idle connection. Default: false. */
  keepAlive?: boolean | undefined;
  /** Milliseconds without a byte until the first probe. Default: 0, the value of the system. */
  keepAliveInitialDelay?: number | undefined;
  /** How many bytes each of the two stream buffers may hold. Default: that of the running Node. */
  highWaterMark?: number | undefined;
  /** Addresses to which the socket must not connect. */
  blockList?: nodeNet.BlockList | undefined;
  /**
   * Whether to accept descriptors over Unix sockets; the event 'descriptor' reports them. Default:
   * false.
   */
  receiveDescriptors?: boolean | undefined;
  /** Not supported, as in `node:net`. */
  objectMode?: boolean | undefined;
  /** Not supported, as in `node:net`. */
  readableObjectMode?: boolean | undefined;
  /** Not supported, as in `node:net`. */
  writableObjectMode?: boolean | undefined;
  /** With a handle: whether the socket starts paused and reads nothing. Default: false. */
  pauseOnCreate?: boolean | undefined;
  /** With a handle: whether reading starts only when the program reads. Default: false. */
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

/** Returns the option `blockList`, if it is given. */
export function blockListOf({ blockList }: SocketOptions): nodeNet.BlockList | undefined {
  if (!blockList) return undefined;
  if (isBlockList(blockList)) return blockList;
  throw new ERR_INVALID_ARG_TYPE('options.blockList', 'net.BlockList', blockList);
}
