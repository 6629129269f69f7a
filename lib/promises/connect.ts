import { ERR_INVALID_ARG_VALUE } from '../internal/base/errors';
import { validateObject } from '../internal/base/validators';
import type { LeanConnectOptions } from '../lean/options/connect-options';
import { backend } from './backend';
import { Stream, streamHandlers } from './stream';

/**
 * Options of {@link connect}: those of `connect()` of `uvnet/lean`, without `borrow` and `framing`.
 * `allowHalfOpen` is true unless it is given, and `highWaterMark` counts for both directions.
 */
export type ConnectOptions = Omit<LeanConnectOptions, 'borrow' | 'framing'>;

/**
 * Refuses what a stream does by itself.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
export function checkStreamOptions(options: object): void {
  validateObject(options, 'options');
  for (const name of ['borrow', 'framing'] as const) {
    const value = (options as LeanConnectOptions)[name];
    if (value === undefined) continue;
    throw new ERR_INVALID_ARG_VALUE(`options.${name}`, value, 'is not supported');
  }
}

/**
 * Connects as `net.connect()` does, with the same options and the same racing of addresses. An abort
 * of `signal` ends the stream, too, when it is connected already.
 *
 * @returns a promise that is fulfilled when the stream is connected
 * @throws (rejects) as `net.connect()`; ERR_INVALID_ARG_VALUE for an option that does not exist
 */
export async function connect(options: ConnectOptions): Promise<Stream> {
  checkStreamOptions(options);
  const transport = await backend.connect(
    { allowHalfOpen: true, ...options },
    {
      ...streamHandlers,
      open(opened) {
        opened.data = new Stream(opened, options.highWaterMark);
      },
    },
  );
  return transport.data as Stream;
}
