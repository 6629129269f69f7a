/** The receivers of a handle's events. */

/** Methods that a handle calls on its owner. */
export const kOnBytes: unique symbol = Symbol('onBytes');
export const kOnUserBytes: unique symbol = Symbol('onUserBytes');
export const kOnReadStatus: unique symbol = Symbol('onReadStatus');
export const kOnWritten: unique symbol = Symbol('onWritten');
export const kOnShutdown: unique symbol = Symbol('onShutdown');
export const kOnWriteError: unique symbol = Symbol('onWriteError');
export const kOnDescriptor: unique symbol = Symbol('onDescriptor');
export const kOnPeek: unique symbol = Symbol('onPeek');

/** The events that a stream reports to its socket. */
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

/** Receives the events of a race of connection attempts (native/connect/connector.h). */
export interface RaceListener {
  onRace(event: number, candidate: number, status: number): void;
}

/** Receives the end of a relay whose first side is this handle (native/relay/relay.h). */
export interface RelayListener {
  onRelay(status: number, side: 0 | 1, flags: number): void;
}

/**
 * Replaces the socket as the owner while http.Agent keeps it for the next request. Data that
 * arrives in this time belongs to no request, and could be mistaken for the response to the next
 * one. So the Agent (from Node 22.23, 24.17 and 26.3.1 on) sets a function as the handle's `onread`,
 * which destroys the socket if anything arrives. This class does the same. It cannot call the
 * function, because that reads Node's own record of the last read.
 */
export class IdleGuard implements HandleOwner {
  constructor(
    readonly guarded: HandleOwner & { destroy?: () => void },
    readonly guard: unknown,
  ) {}

  /** Only this function is known to have this meaning. */
  static is(listener: unknown): boolean {
    return typeof listener === 'function' && listener.name === 'freeSocketOnReadGuard';
  }

  private destroy(): void {
    this.guarded.destroy?.();
  }

  [kOnBytes](): void {
    this.destroy();
  }

  [kOnUserBytes](): void {
    this.destroy();
  }

  [kOnReadStatus](): void {
    this.destroy();
  }

  [kOnWritten](status: number): void {
    this.guarded[kOnWritten](status);
  }

  [kOnShutdown](status: number): void {
    this.guarded[kOnShutdown](status);
  }

  [kOnWriteError](status: number): void {
    this.guarded[kOnWriteError](status);
  }

  [kOnDescriptor](fd: number, position: number): void {
    this.guarded[kOnDescriptor]!(fd, position);
  }

  [kOnPeek](result: Buffer | number): void {
    this.guarded[kOnPeek]?.(result);
  }
}
