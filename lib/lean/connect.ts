import { ERR_INVALID_ARG_VALUE } from '../internal/base/errors';
import type { Connection, Handlers } from '../types/interfaces';
import { Connecting } from './connecting';
import { framingOf } from './options/framing';
import { makeGroup } from './connection/delivery';
import { tableOf } from './connection/handlers';
import { checkNames } from './options/known-options';
import type { LeanConnectOptions } from './options/connect-options';
import { connectNames } from './options/option-names';

/**
 * Connects as `net.connect()` does, including the race of addresses, and calls the handlers for the
 * events of the connection. The promise is fulfilled after the handler `open` was called.
 *
 * @throws as `net.connect()`, for options of a wrong type; rejects with the errors of
 *   `net.connect()`
 */
export function connect<Data = unknown>(
  options: LeanConnectOptions,
  handlers: Handlers<Data>,
): Promise<Connection<Data>> {
  checkNames(options, connectNames);
  const table = tableOf(handlers);
  if (options.receiveDescriptors) {
    throw new ERR_INVALID_ARG_VALUE(
      'options.receiveDescriptors',
      options.receiveDescriptors,
      'is not supported',
    );
  }
  const framing = framingOf(options.framing);
  const group = makeGroup(table, undefined, options, framing);
  let connecting: Connecting;
  try {
    connecting = new Connecting(options, group);
  } catch (error) {
    group.finish();
    throw error;
  }
  group.owner = connecting;
  return new Promise<Connection<Data>>((resolve, reject) => {
    connecting.start(resolve as (connection: Connection) => void, reject);
  });
}
