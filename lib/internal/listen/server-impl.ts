import type { EventEmitter } from 'node:events';
import type { BlockList } from 'node:net';
import type {
  kAcceptedOptions,
  kAttemptTimeout,
  kGraceTimer,
  kLimits,
  kOptionPlan,
  kPathOptions,
  kReceiveDescriptors,
  kServerOptions,
  kSocketOptions,
} from '../base/symbols';
import type { Handle } from '../native/handle';
import type { EncodedOptions, OptionPlan } from '../options/socket-options';
import type { AcceptedSocketOptions } from '../socket/accepted-options';
import type { AcceptingServer } from '../socket/socket-state';
import type { Limits } from './limits';
import type { PathOptions } from './unix-path';

/** Options of `server.close()`. */
export interface CloseOptions {
  /** Milliseconds after which the remaining connections are destroyed. */
  gracePeriod: number;
  /**
   * A connection that has moved no byte for this many milliseconds counts as idle, and is ended
   * before the grace period is over. Default: 1000.
   */
  idleTimeout?: number | undefined;
}

/** Where to listen, after the overloads were folded. */
export interface ListenTarget {
  address: string | null;
  /** -1 for a pipe, null for a descriptor. */
  port: number | null;
  addressType: number | null;
  backlog: number;
  fd?: number | undefined;
  exclusive: boolean;
  flags: number;
}

/** A Server as its own methods see it. */
export interface ServerImpl extends EventEmitter, AcceptingServer {
  _handle: Handle | null;
  _usingWorkers: boolean;
  _workers: ConnectionCounter[];
  _unref: boolean;
  _listeningId: number;
  _pipeName?: string;
  _connectionKey?: string;

  allowHalfOpen: boolean;
  pauseOnConnect: boolean;
  noDelay: boolean;
  keepAlive: boolean;
  /** Seconds. */
  keepAliveInitialDelay: number;
  highWaterMark: number;
  blockList?: BlockList;
  [kReceiveDescriptors]?: boolean;
  [kServerOptions]?: object;
  [kOptionPlan]?: OptionPlan | undefined;
  [kSocketOptions]?: AcceptedSocketOptions;
  [kAcceptedOptions]?: EncodedOptions | undefined;
  maxConnections?: number | null;
  [kAttemptTimeout]: number;
  connectionAttemptTimeout: number;
  [kLimits]: Limits;
  [kGraceTimer]: NodeJS.Timeout | undefined;
  [kPathOptions]: PathOptions | undefined;

  _listen2(
    address: string | null,
    port: number | null,
    addressType: number | null,
    backlog: number,
    fd?: number | null,
    flags?: number,
  ): void;
  close(callback?: (error?: Error) => void): ServerImpl;
  close(options: CloseOptions, callback?: (error?: Error) => void): ServerImpl;
  ref(): ServerImpl;
  unref(): ServerImpl;
}

/** A child process that shares the server (SocketListSend of child_process). */
export interface ConnectionCounter {
  getConnections(callback: (error: Error | null, count: number) => void): void;
  close(callback: () => void): void;
  once(event: 'exit', listener: (counter: ConnectionCounter) => void): void;
}
