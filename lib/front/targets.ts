import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import { isMadeBy } from '../internal/base/made-by';
import { Server } from '../internal/listen/server';
import type { ServerImpl } from '../internal/listen/server-impl';
import type { RelayOptions } from '../lean/relay';
import type { Hello } from '../types/hello';
import type * as declared from '../types/interfaces';
import type { ConnectOptions } from '../types/options';

/** Who can get the connections of a front with a function. */

/** Relays the bytes of a connection to another server, unchanged, in both directions. */
export interface RelayTarget {
  /** Where to connect: the options of `connect()` of `uvnet`. */
  connect: ConnectOptions;
  /**
   * The version of a PROXY header to send first, so that the other server knows the client.
   * Default: none.
   */
  sendProxy?: 1 | 2 | undefined;
  /** Options of `relay()` of `uvnet/lean`. */
  relay?: RelayOptions | undefined;
}

/** Called with a connection as a socket of `uvnet`. */
export type SocketListener = (socket: declared.Socket) => void;

/**
 * Who gets a connection:
 * - a server of Node (net, tls, http, https, http2) or of `uvnet`. It need not listen;
 * - a function, which is called with a socket of `uvnet`;
 * - where to relay the connection;
 * - nobody: the connection is dropped with the reason `'noTarget'`.
 */
export type Target =
  nodeNet.Server | declared.Server | SocketListener | RelayTarget | null | undefined;

/**
 * Chooses who gets a connection. While a promise is pending, the connection waits, and counts as
 * open. If the function throws or the promise is rejected, the connection is dropped with the reason
 * `'noTarget'`, and the error is an 'uncaughtException' or an 'unhandledRejection'.
 */
export type Choose = (hello: Hello) => Target | PromiseLike<Target>;

export const isUvnetServer = (target: object): target is ServerImpl & nodeNet.Server =>
  isMadeBy(Server, target);

/** A front is a server of uvnet, too, but it has no sockets that it could give to anybody. */
export const isServer = (target: object): target is nodeNet.Server =>
  target instanceof netModule().Server || (isUvnetServer(target) && !('isShared' in target));

export const isRelayTarget = (target: object): target is RelayTarget => {
  const { connect } = target as Partial<RelayTarget>;
  return typeof connect === 'object' && connect !== null;
};
