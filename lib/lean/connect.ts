import { onAbort, type Disposable } from '../internal/base/abort';
import { AbortError, ERR_INVALID_ARG_VALUE, ERR_SOCKET_CLOSED } from '../internal/base/errors';
import type { DialOptions } from '../internal/connect/dial';
import type { SocketOptions } from '../internal/socket/constructor-options';
import type { ConnectionOptions } from '../types/connection-options';
import type { Connection, Handlers } from '../types/interfaces';
import { Socket } from './socket';
import { transferSocket } from './transfer';
import { framingOf } from './options/framing';
import { makeGroup } from './connection/delivery';
import { tableOf } from './connection/handlers';
import { checkNames } from './options/known-options';
import { connectNames } from './options/option-names';

/** Options of `connect()`: those of `net.connect()`, and {@link ConnectionOptions}. */
export interface LeanConnectOptions
  extends
    Omit<SocketOptions, 'signal'>,
    Partial<Omit<DialOptions, keyof SocketOptions>>,
    ConnectionOptions {
  /** Path of a Unix socket, instead of host and port. */
  path?: string | undefined;
  /** An abort makes the connect fail, or closes the connection, with an `AbortError`. */
  signal?: AbortSignal | undefined;
  /** See {@link ConnectionOptions}. */
  highWaterMark?: number | undefined;
  /** See {@link ConnectionOptions}. */
  allowHalfOpen?: boolean | undefined;
}

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
  const socket = new Socket(options);
  const { signal } = options;
  return new Promise((resolve, reject) => {
    let abortion: Disposable | undefined;
    let wasOpened = false;
    const group = makeGroup(
      table,
      {
        joined: () => {},
        opened: (connection) => {
          wasOpened = true;
          resolve(connection as Connection<Data>);
        },
        left: ({ last }) => {
          abortion?.dispose();
          if (!wasOpened) reject(last?.error ?? new ERR_SOCKET_CLOSED());
        },
        stopped: () => {},
      },
      options,
      framing,
    );
    const failed = (error?: Error): void => {
      group.finish();
      reject(error ?? new ERR_SOCKET_CLOSED());
    };
    socket.once('error', failed);
    socket.once('close', failed);
    socket.once('connect', () => {
      socket.off('close', failed);
      socket.pause();
      let connection;
      try {
        connection = transferSocket(socket, group);
      } catch (error) {
        failed(error as Error);
        socket.destroy();
        return;
      }
      // The socket no longer listens to the signal.
      if (signal !== undefined) {
        abortion = onAbort(signal, () => {
          connection.destroy(new AbortError(undefined, { cause: signal.reason }));
        });
      }
      group.finish();
    });
    try {
      socket.connect({ ...options } as never);
    } catch (error) {
      group.finish();
      throw error;
    }
  });
}
