import type { HandleOwner } from './handle-events';
import {
  kOnBytes,
  kOnDescriptor,
  kOnPeek,
  kOnReadStatus,
  kOnShutdown,
  kOnUserBytes,
  kOnWriteError,
  kOnWritten,
} from '../base/symbols';

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
