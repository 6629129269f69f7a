/** Who hears of what happens to a handle, and how. */

/** What a handle calls on its owner. */
export const kOnBytes: unique symbol = Symbol('onBytes');
export const kOnUserBytes: unique symbol = Symbol('onUserBytes');
export const kOnReadStatus: unique symbol = Symbol('onReadStatus');
export const kOnWritten: unique symbol = Symbol('onWritten');
export const kOnShutdown: unique symbol = Symbol('onShutdown');
export const kOnWriteError: unique symbol = Symbol('onWriteError');
export const kOnDescriptor: unique symbol = Symbol('onDescriptor');
export const kOnPeek: unique symbol = Symbol('onPeek');

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

/**
 * Stands in for a socket while http.Agent keeps it for the next request. What arrives then answers
 * nothing, and would pass for the answer to that request. So the Agent (from Node 22.23, 24.21 and
 * 26 on) makes a function of its own the `onread` of the handle for this time: anything but silence
 * destroys the socket. The function itself is of no use here, because it looks into Node's own
 * record of the last read.
 */
export class IdleGuard implements HandleOwner {
  constructor(
    readonly guarded: HandleOwner & { destroy?: () => void },
    readonly guard: unknown,
  ) {}

  /** Any other function is not known to mean this. */
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
