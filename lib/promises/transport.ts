import type { ProxyInfo } from '../internal/proxy/proxy-info';
import type { kMisframed } from '../lean/options/framing';
import type { Endpoint } from '../types/interfaces';

/**
 * What a stream stands on: a connection of a handler table (handler-tables.ts) or, without the native
 * code, a socket of `node:net` (promises.ts of lib/fallback).
 */
export interface Transport {
  /** The stream. */
  data: unknown;
  readonly isOpen: boolean;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly proxyInfo: ProxyInfo | undefined;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly writableLength: number;
  /** Takes all of it. If more waits than the high-water mark it is false, and `drain` follows. */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean;
  writev(chunks: readonly (string | Uint8Array)[]): boolean;
  /** Ends our side behind what was written; `finish` follows. */
  end(): void;
  /** Closes the connection once all is sent. */
  destroySoon(): void;
  destroy(error?: Error): void;
  resetAndDestroy(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
}

/** What happens to a transport. Nothing comes after `close`. */
export interface TransportHandlers {
  open(transport: Transport): void;
  data(transport: Transport, bytes: Buffer): void;
  drain(transport: Transport): void;
  /** All is sent, and our side has ended. */
  finish(transport: Transport): void;
  /** The peer's side has ended. */
  end(transport: Transport): void;
  close(transport: Transport, error: Error | undefined): void;
  [kMisframed](transport: Transport): void;
}
