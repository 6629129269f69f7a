import { binding } from '../internal/native/binding';
import type { FramingNumbers } from '../internal/native/native-types';
import type { Connection } from './connection';
import { startDelivery } from './deliver';
import type { Framing } from './framing';
import { NO_FRAMING } from './framing';
import type { HandlerTable } from './handlers';

/** Options of connections, whichever way they are made. */
export interface ConnectionOptions {
  /**
   * Whether `data` gets a view of the area that bytes are received in, instead of bytes of its own: good
   * only until the handler returns, and overwritten then. Default: false.
   */
  borrow?: boolean | undefined;
  /** How bytes are cut into messages; `data` then gets whole messages. Default: as they come. */
  framing?: Framing | undefined;
  /** Bytes that may wait to be sent before `write` returns false. Default: 65536. */
  highWaterMark?: number | undefined;
  /** Whether a connection outlives its peer's end, to be ended by `end`. Default: false. */
  allowHalfOpen?: boolean | undefined;
}

const DEFAULT_HIGH_WATER_MARK = 64 * 1024;

/** What wants to know of a group's connections beside their handlers. */
export interface GroupOwner {
  opened(connection: Connection): void;
  closed(): void;
}

/** The connections of one handler table, as native/lean/lean_group.h knows them. */
export class Group {
  readonly number: number;
  readonly borrow: boolean;
  readonly framed: boolean;
  readonly framing: FramingNumbers;
  readonly allowHalfOpen: boolean;
  readonly highWaterMark: number;
  /** Connections that are closed and were not told so yet, in order. */
  readonly closed: Connection[] = [];
  connections = 0;
  private finished = false;

  constructor(
    public table: HandlerTable,
    public owner: GroupOwner | undefined,
    options: ConnectionOptions,
    framing: FramingNumbers = NO_FRAMING,
  ) {
    this.borrow = options.borrow === true;
    this.allowHalfOpen = options.allowHalfOpen === true;
    this.highWaterMark = options.highWaterMark ?? DEFAULT_HIGH_WATER_MARK;
    this.framed = framing !== NO_FRAMING;
    this.framing = framing;
    startDelivery();
    this.number = binding.leanGroupNew(this.borrow, ...framing);
    if (this.number < 0) throw new Error(`uvnet/lean: no group (${this.number})`);
    groups[this.number] = this;
  }

  /** There will be no further connections. */
  finish(): void {
    this.finished = true;
    this.freeIfDone();
  }

  left(): void {
    this.connections -= 1;
    this.freeIfDone();
    this.owner?.closed();
  }

  private freeIfDone(): void {
    if (!this.finished || this.connections > 0 || groups[this.number] !== this) return;
    groups[this.number] = undefined;
    binding.leanGroupFree(this.number);
  }
}

/** By number. */
export const groups: (Group | undefined)[] = [];
