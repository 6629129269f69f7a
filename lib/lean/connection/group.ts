import type { SystemError } from '../../internal/base/system-errors';
import type { DropData } from '../../internal/listen/accept';
import { binding, SLOT } from '../../internal/native/binding';
import type { FramingNumbers } from '../../internal/native/native-types';
import type { ConnectionOptions } from '../../types/connection-options';
import { kMisframed, NO_FRAMING } from '../options/framing';

const DEFAULT_HIGH_WATER_MARK = 64 * 1024;

/** The owner of a group, which tracks its connections in addition to the handlers. */
export interface GroupOwner<Member> {
  /** A connection was added. */
  joined(): void;
  /** Called before the handler `open`. */
  opened(connection: Member): void;
  /** A connection was removed. */
  left(connection: Member): void;
  /** The listener has closed and accepts no further connections. */
  stopped(): void;
}

/** The complete table of handlers of a group; see handlers.ts. */
export interface Table<Member> {
  open(connection: Member): void;
  data(connection: Member, bytes: Buffer): void;
  drain(connection: Member): void;
  finish(connection: Member): void;
  end(connection: Member): void;
  close(connection: Member, error: Error | undefined): void;
  timeout(connection: Member): void;
  drop(drop: DropData): void;
  acceptError(error: SystemError): void;
  [kMisframed](connection: Member): void;
}

/** The connections of one handler table; the counterpart of native/lean/lean_group.h. */
export class Group<Member = unknown> {
  readonly number: number;
  readonly borrow: boolean;
  readonly framed: boolean;
  readonly framing: FramingNumbers;
  readonly allowHalfOpen: boolean;
  readonly highWaterMark: number;
  /** Closed connections whose `close` was not called yet, in order. */
  readonly closed: Member[] = [];
  connections = 0;
  /** Whether connections start paused. */
  pauses = false;
  /** Whether connections that were not opened yet are closed without calling a handler. */
  refuses = false;
  private finished = false;

  constructor(
    public table: Table<Member>,
    public owner: GroupOwner<Member> | undefined,
    options: ConnectionOptions,
    framing: FramingNumbers = NO_FRAMING,
  ) {
    this.borrow = options.borrow === true;
    this.allowHalfOpen = options.allowHalfOpen === true;
    this.highWaterMark = options.highWaterMark ?? DEFAULT_HIGH_WATER_MARK;
    this.framed = framing !== NO_FRAMING;
    this.framing = framing;
    this.number = binding.leanGroupNew(this.borrow, ...framing);
    if (this.number < 0) throw new Error(`uvnet/lean: no group (${this.number})`);
    groups[this.number & SLOT] = this;
  }

  /** Marks that no further connections will be added. */
  finish(): void {
    this.finished = true;
    this.freeIfDone();
  }

  joined(): void {
    this.retain();
    this.owner?.joined();
  }

  left(connection: Member): void {
    this.release();
    this.owner?.left(connection);
  }

  /** One connection more, or less, that the owner knows: it changes between two groups of its. */
  retain(): void {
    this.connections += 1;
  }

  release(): void {
    this.connections -= 1;
    this.freeIfDone();
  }

  private freeIfDone(): void {
    if (!this.finished || this.connections > 0 || groups[this.number & SLOT] !== this) return;
    groups[this.number & SLOT] = undefined;
    binding.leanGroupFree(this.number);
  }
}

/** Indexed by slot. */
const groups: (object | undefined)[] = [];

/** The group with this number; undefined if it no longer exists. Events may arrive later. */
export function groupOf(number: number): Group | undefined {
  const group = groups[number & SLOT] as Group | undefined;
  return group?.number === number ? group : undefined;
}
