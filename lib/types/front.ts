import type { EventEmitter } from 'node:events';
import type * as nodeNet from 'node:net';
import type { SystemError } from '../internal/base/system-errors';
import type { DropData } from '../internal/listen/accept';
import type { ServerStats } from '../internal/listen/accept-policy';
import type { ListenOptions, ServerOptions } from '../internal/listen/server-options';
import type { RelayError } from '../internal/relay/relay';
import type { AnyListener, Listener } from './events';
import type { Hello } from './hello';
import type { Server } from './interfaces';

/** The types of `uvnet/front`. */

/**
 * Options of {@link createFront}: those of `net.createServer()` of uvnet. `allowHalfOpen`,
 * `pauseOnConnect`, `noDelay`, `keepAlive`, `keepAliveInitialDelay` and `highWaterMark` are set on
 * the servers behind the front, if they are given.
 */
export interface FrontOptions extends Omit<ServerOptions, 'receiveDescriptors'> {
  /** Most connections that the front has open at a time. Default: no limit. */
  maxConnections?: number | undefined;
  /**
   * Whether to look at the first bytes of each connection. It must be true with a function, and
   * cannot be with a server. `connectionAttemptTimeout` then has no effect. Default: false.
   */
  sniff?: boolean | undefined;
  /**
   * Milliseconds in which the first bytes must show the protocol of a connection. After that, the
   * connection is dropped. Default: 10 000.
   */
  sniffTimeout?: number | undefined;
}

/** Options of {@link Front.close}. */
export interface FrontCloseOptions {
  /** Milliseconds after which the connections that are still open are destroyed. Default: none. */
  gracePeriod?: number | undefined;
  /**
   * Milliseconds for which the idle connections of an http server stay open. A request over one is
   * answered, with `Connection: close`. Default: 0. With the server's `keepAliveTimeout`, no client
   * that heeds the timeout it was told sends a request over a connection that has just been closed.
   */
  idlePeriod?: number | undefined;
}

/** What {@link Front.close} has done. */
export interface FrontCloseResult {
  /** How many connections have ended by themselves since the call of `close()`. */
  ended: number;
  /** How many were destroyed when the grace period was over. */
  destroyed: number;
}

/** Options of {@link Front.metrics}. */
export interface MetricsOptions {
  /** What the names of all metrics begin with. Default: `'uvnet'`. */
  prefix?: string | undefined;
  /** Labels of each sample, by name. Default: none. */
  labels?: Readonly<Record<string, string>> | undefined;
}

/** The counters of a front; see {@link Front.stats}. */
export interface FrontStats extends ServerStats {
  /** Connections that were relayed to another host. */
  relays: number;
  /** Relays that have failed, each with an event 'relayError'. */
  relayErrors: number;
}

/** The events of a {@link Front}. */
export interface FrontEvents {
  /** Descriptors or memory are used up. The front tries again. */
  acceptError: [error: SystemError];
  /** The front does not listen any more, and its connections have closed. */
  close: [];
  /** A connection has sent no byte in time. Without a listener, it is destroyed. */
  connectionAttemptTimeout: [socket: nodeNet.Socket];
  /** A connection was refused. `reason` gives the cause. */
  drop: [drop: DropData];
  /** The front cannot listen. */
  error: [error: Error];
  listening: [];
  /** A relay has failed. Both its connections are closed. */
  relayError: [error: RelayError, hello: Hello];
}

/** The limits of a server, which may change while it listens. */
type Limits = Pick<
  Server,
  | 'blockList'
  | 'maxConnectionsPerAddress'
  | 'acceptRate'
  | 'limitGroup'
  | 'proxyProtocol'
  | 'trustedProxies'
  | 'proxyHeaderTimeout'
  | 'connectionAttemptTimeout'
>;

/**
 * Listens in place of a server of Node. Connections that pass the limits become sockets of Node,
 * and are given to the server.
 */
export interface Front extends EventEmitter, Limits {
  /** Most connections that the front has open at a time. */
  maxConnections: number | null | undefined;
  readonly listening: boolean;
  /** The descriptor on which it listens, or -1. It belongs to the front. */
  readonly fd: number;

  /** As `server.listen()` of `uvnet`. The server behind the front emits 'listening', too. */
  listen(options: ListenOptions, listener?: () => void): this;
  listen(port?: number, hostname?: string, backlog?: number, listener?: () => void): this;
  listen(port?: number, hostname?: string, listener?: () => void): this;
  listen(port?: number, backlog?: number, listener?: () => void): this;
  listen(port?: number, listener?: () => void): this;
  listen(path: string, backlog?: number, listener?: () => void): this;
  listen(path: string, listener?: () => void): this;
  listen(handle: unknown, backlog?: number, listener?: () => void): this;
  listen(handle: unknown, listener?: () => void): this;

  /** Where it listens, as `net.Server#address()`. */
  address(): nodeNet.AddressInfo | string | null;
  /** What the front has let in, dropped, read and written so far. */
  stats(): FrontStats;
  /** Returns {@link stats} as OpenMetrics text, as `metrics(front, options)` of `uvnet/front`. */
  metrics(options?: MetricsOptions): string;
  /** Calls back with the number of connections that are open. */
  getConnections(callback: (error: Error | null, count: number) => void): this;
  ref(): this;
  unref(): this;

  /**
   * Stops accepting, and closes the server behind the front: an http server ends its idle
   * connections, and the others after their next answer, which says so. http2 sessions get GOAWAY.
   * The promise is fulfilled when all connections of the front have closed, or when the front
   * listens again: then the others go on. Further calls may change the periods, counted from then on.
   *
   * @throws (rejects with) ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  close(options?: FrontCloseOptions): Promise<FrontCloseResult>;

  addListener<N extends keyof FrontEvents>(name: N, listener: Listener<FrontEvents[N]>): this;
  addListener(name: string | symbol, listener: AnyListener): this;
  off<N extends keyof FrontEvents>(name: N, listener: Listener<FrontEvents[N]>): this;
  off(name: string | symbol, listener: AnyListener): this;
  on<N extends keyof FrontEvents>(name: N, listener: Listener<FrontEvents[N]>): this;
  on(name: string | symbol, listener: AnyListener): this;
  once<N extends keyof FrontEvents>(name: N, listener: Listener<FrontEvents[N]>): this;
  once(name: string | symbol, listener: AnyListener): this;
}
