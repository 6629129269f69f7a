import type {
  kOnBytes,
  kOnDescriptor,
  kOnPeek,
  kOnReadStatus,
  kOnShutdown,
  kOnUserBytes,
  kOnWriteError,
  kOnWritten,
} from '../base/symbols';

/** Who hears of what happens to a handle, and how. */

/** What a stream reports to its socket. */
export interface HandleOwner {
  [kOnBytes](chunk: Buffer): void;
  [kOnUserBytes](size: number): void;
  [kOnReadStatus](status: number): void;
  [kOnWritten](status: number): void;
  [kOnShutdown](status: number): void;
  [kOnWriteError](status: number): void;
  [kOnDescriptor]?(fd: number, position: number): void;
  [kOnPeek]?(result: Buffer | number): void;
}

export interface SocketName {
  address?: string;
  family?: string;
  port?: number;
}

/** Gets the events of a race of connection attempts (native/connect/connector.h). */
export interface RaceListener {
  onRace(event: number, candidate: number, status: number): void;
}

/** Hears the end of the relay that a handle is the first side of (native/relay/relay.h). */
export interface RelayListener {
  onRelay(status: number, side: 0 | 1, flags: number): void;
}
