// The ends of a connection that are transferred, and bytes whose place in the stream can be told.
import type { Socket as NodeSocket } from 'node:net';

import { nextEvent } from './events';
import { lean, type Lean } from './relaying';
import { Random } from './random';
import type { Transport } from './scope';
import type { Uvnet } from './uvnet';

type Socket = import('../../lib/index').Socket;
type Connection = ReturnType<Lean['connect']> extends Promise<infer C> ? C : never;

/** A prime, so that bytes which are lost in blocks show. */
const PERIOD = 1_048_573;
const LONGEST = 4 * 1024 * 1024;
const pattern = ((): Buffer => {
  const period = new Random(1).bytes(PERIOD);
  return Buffer.concat(Array.from({ length: Math.ceil(LONGEST / PERIOD) + 1 }, () => period));
})();

/** The bytes of any stream from a place on: at most LONGEST of them. */
export function numbered(from: number, size: number): Buffer {
  const start = from % PERIOD;
  return pattern.subarray(start, start + size);
}

/** Who has an end of a connection. */
export interface Owner {
  readonly kind: string;
  /** Names of the moves that lead away from it. */
  readonly moves: readonly Move[];
  move(how: Move): Owner;
  write(bytes: Buffer, told?: () => void): void;
  cork(): void;
  uncork(): void;
  pause(): void;
  resume(): void;
  isPaused(): boolean;
  end(): void;
  /** Closes the connection so that its peer learns of it by an error, where the transport can tell. */
  reset(): void;
}

export type Move = 'toNode' | 'fromNode' | 'toLean' | 'toSocket' | 'thread' | 'relay';

export interface EndOptions {
  net: Uvnet;
  random: Random;
  transport: Transport;
  /** Whether tables may cut the bytes into messages: until there may be an end within one. */
  cutting: boolean;
  /** Whether descriptors come along. */
  receiveDescriptors: boolean;
  /** A fresh connection between two sockets. */
  pair: () => Promise<[Socket, Socket]>;
  /** Pairs at hand for relays, which have to be there in the middle of a callback. */
  pairs: [Socket, Socket][];
}

/** What a connection that was cut ends with, and what then happens to what was not written. */
const OF_A_RESET = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECANCELED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_UVNET_MESSAGE_CUT_OFF',
]);

/** One end of a connection: what it was sent and has sent, whoever owns it. */
export class End {
  owner!: Owner;
  sent = 0;
  received = 0;
  ended = false; // by the other end
  finished = false; // by this one
  /** One of the two was reset: from then on bytes may be missing, and errors are due. */
  cut = false;
  /** The other end was reset, and had not ended before. */
  mayNotEnd = false;
  /** node:net, of which older lines take a reset for an end, has never had it. */
  onlyOurs = true;
  writes = 0;
  told = 0;
  moved = 0;
  /** Called from within the next callback of the owner. */
  armed: (() => void) | undefined;
  failure: string | undefined;
  readonly over: Promise<void>;
  readonly closing: Promise<unknown>[] = [];
  private toldEnd: Owner | undefined;
  private settle!: () => void;
  private giveUp!: () => void;
  readonly failed: Promise<void>;
  private readonly log: string[] = [];

  constructor(
    readonly name: string,
    readonly options: EndOptions,
  ) {
    this.over = new Promise((resolve) => (this.settle = resolve));
    this.failed = new Promise((resolve) => (this.giveUp = resolve));
  }

  note(what: string): void {
    this.log.push(what);
    if (this.log.length > 60) this.log.shift();
  }

  fail(what: string): void {
    this.failure ??= what;
    this.settle();
    this.giveUp();
  }

  /** The failure, and what was done before. */
  report(): string {
    return [`${this.name}: ${this.failure ?? 'well'}`, ...this.log].join('\n  ');
  }

  write(size: number, told: boolean): void {
    if (this.finished) return;
    const bytes = numbered(this.sent, size);
    this.sent += size;
    if (told) this.writes += 1;
    this.note(`${this.owner.kind} writes ${size}`);
    this.owner.write(bytes, told ? () => this.wasTold() : undefined);
  }

  private wasTold(): void {
    this.told += 1;
    this.called('write callback');
  }

  finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.note(`${this.owner.kind} ends`);
    this.owner.end();
  }

  reset(): void {
    this.note(`${this.owner.kind} is reset`);
    this.owner.reset();
  }

  /** What went wrong, unless that is what a reset brings. */
  troubled(by: string, error: Error): void {
    const { code } = error as { code?: string };
    this.note(`${by}: ${code}`);
    if (!this.cut || !OF_A_RESET.has(code ?? '')) this.fail(`${by}: ${error.stack}`);
  }

  /** Bytes have come to an owner. */
  take(by: Owner, bytes: Uint8Array): void {
    if (by !== this.owner) this.fail(`${by.kind} delivered bytes after it was moved`);
    if (this.ended) this.fail('bytes after the end');
    if (!numbered(this.received, bytes.length).equals(bytes)) {
      this.fail(`wrong bytes at ${this.received}, ${bytes.length} of them`);
    }
    this.received += bytes.length;
  }

  takeEnd(by: Owner): void {
    if (by !== this.owner) this.fail(`${by.kind} told the end after it was moved`);
    // A new owner is told as well.
    if (by === this.toldEnd) this.fail('two ends');
    if (this.mayNotEnd) this.fail('a reset became an end');
    this.toldEnd = by;
    this.ended = true;
    this.settle();
  }

  called(what: string): void {
    const act = this.armed;
    if (act === undefined) return;
    this.armed = undefined;
    this.note(`in ${what}`);
    act();
  }

  /** Moves on; false where that was refused, and then nothing has changed. */
  move(how: Move): boolean {
    const from = this.owner;
    try {
      this.owner = from.move(how);
    } catch (error) {
      const { code } = error as { code?: string };
      const over = this.cut || (this.finished && this.ended);
      const gone = code === 'ERR_SOCKET_CLOSED' && over;
      if (code !== 'ERR_INVALID_STATE' && !gone) this.fail(`${how}: ${(error as Error).stack}`);
      this.note(`${from.kind} ${how} is refused (${code})`);
      return false;
    }
    this.moved += 1;
    if (how === 'toNode') this.mayNotEnd = this.onlyOurs = false;
    this.note(`${from.kind} ${how}`);
    return true;
  }
}

/** A socket of uvnet or of node:net. */
export class StreamOwner implements Owner {
  readonly kind: string;
  private relayed = false;

  constructor(
    private readonly to: End,
    readonly socket: Socket | NodeSocket,
    private readonly isNode = false,
    listen = true,
  ) {
    this.kind = isNode ? 'node' : 'socket';
    socket.on('error', (error: Error) => to.troubled(this.kind, error));
    // At the end of a relay its sockets emit what a socket does then.
    socket.on('end', () => this.relayed || to.takeEnd(this));
    socket.on('drain', () => to.called('drain'));
    // Without it the descriptors would be closed all the same.
    socket.on('descriptor', () => to.called('descriptor'));
    to.closing.push(nextEvent(socket, 'close'));
    if (listen) socket.on('data', (bytes: Buffer) => this.onData(bytes));
  }

  get moves(): readonly Move[] {
    if (this.isNode) return ['fromNode'];
    // What receives no descriptors may lose bytes that come behind one, as every socket of libuv.
    return this.to.options.receiveDescriptors
      ? ['toLean', 'thread', 'relay']
      : ['toNode', 'toLean', 'thread', 'relay'];
  }

  private onData(bytes: Buffer): void {
    const { random } = this.to.options;
    const { destroyed, errored } = this.socket;
    // A stream that is destroyed, or will be, may still emit what it has, but takes nothing back.
    const returns = !destroyed && errored === null && random.chance(0.1);
    const size = returns ? random.integer(0, bytes.length) : bytes.length;
    this.to.take(this, bytes.subarray(0, size));
    if (size < bytes.length) this.socket.unshift(bytes.subarray(size));
    this.to.called('data');
  }

  move(how: Move): Owner {
    const { socket, to } = this;
    const { net } = to.options;
    switch (how) {
      case 'toNode':
        return new StreamOwner(to, (socket as Socket).toNode(), true);
      case 'fromNode':
        return new StreamOwner(to, net.Socket.fromNode(socket as NodeSocket));
      case 'thread': {
        // As a message between threads.
        const token = structuredClone((socket as Socket).detach());
        return new StreamOwner(to, net.Socket.attach(token));
      }
      case 'relay': {
        const owner = relayed(to, socket as Socket);
        this.relayed = true;
        return owner;
      }
      default:
        return LeanOwner.from(to, socket as Socket);
    }
  }

  write(bytes: Buffer, told?: () => void): void {
    this.socket.write(
      bytes,
      told &&
        ((error) => {
          if (error) this.to.troubled('write', error);
          told();
        }),
    );
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  isPaused(): boolean {
    return this.socket.isPaused();
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    const { socket } = this;
    // There is no reset of unix sockets, nor one of libuv's during a shutdown.
    if (socket.remoteFamily === undefined || socket.writableEnded) socket.destroy();
    else socket.resetAndDestroy();
  }
}

/** The connection goes on through another one, whose far end is the owner. */
function relayed(to: End, from: Socket | Connection): Owner {
  const { pairs } = to.options;
  const pair = pairs[0];
  if (pair === undefined) throw Object.assign(new Error('no pair'), { code: 'ERR_INVALID_STATE' });
  const wasOpen = 'isOpen' in from ? from.isOpen : !from.destroyed;
  const result = lean.relay(from, pair[0]);
  void result.catch(() => {});
  // What is refused is refused at once; only the news of it takes a tick.
  const { _handle: handle } = from as { _handle?: { relay: unknown } | null };
  const taken = 'isOpen' in from ? !from.isOpen : handle != null && handle.relay !== null;
  if (!wasOpen || !taken) throw Object.assign(new Error('refused'), { code: 'ERR_INVALID_STATE' });
  pairs.shift();
  to.closing.push(
    result.then(
      ({ reason }) => reason !== 'end' && to.fail(`relay: ${reason}`),
      (error: Error) => to.troubled('relay', error),
    ),
  );
  return new StreamOwner(to, pair[1]);
}

type Framing = NonNullable<import('../../lib/lean').ListenOptions['framing']>;

const framings = (random: Random): Framing[] => [
  { type: 'fixed', size: random.size(5000) },
  { type: 'delimiter', delimiter: '\n', max: 2 ** 30 },
];

/** A connection of a handler table. */
export class LeanOwner implements Owner {
  readonly kind: string;
  readonly moves = ['toSocket', 'relay'] as const;
  connection!: Connection;
  private paused = false;
  private corks = 0;
  /** Closed, or moved on without a word. */
  private left!: () => void;

  constructor(
    private readonly to: End,
    readonly framing: Framing | undefined,
  ) {
    this.kind = framing === undefined ? 'table' : `table (${framing.type})`;
    to.closing.push(new Promise<void>((resolve) => (this.left = resolve)));
  }

  static from(to: End, socket: Socket): LeanOwner {
    const { random } = to.options;
    const framing = random.pick<Framing | undefined>([
      undefined,
      ...(to.options.cutting ? framings(random) : []),
    ]);
    const borrow = random.chance(0.5);
    const owner = new LeanOwner(to, framing);
    try {
      owner.connection = socket.toLean(owner.handlers(), { framing, borrow, allowHalfOpen: true });
    } catch (error) {
      owner.left();
      throw error;
    }
    return owner;
  }

  private handlers(): object {
    const { to } = this;
    return {
      data: (_: Connection, bytes: Buffer) => this.onData(bytes),
      drain: () => to.called('drain'),
      end: () => {
        to.takeEnd(this);
        to.called('end');
      },
      close: (_: Connection, error?: Error) => {
        this.left();
        if (to.owner !== this) to.fail(`${this.kind} was closed after it was moved`);
        else if (error !== undefined) to.troubled(this.kind, error);
        else if (!to.cut && !(to.ended && to.finished)) to.fail(`${this.kind} was closed`);
      },
    };
  }

  private onData(bytes: Buffer): void {
    const { to } = this;
    to.take(this, bytes);
    if (this.framing?.type === 'delimiter') to.take(this, Buffer.from('\n'));
    to.called('data');
  }

  move(how: Move): Owner {
    const { to, connection } = this;
    const owner =
      how === 'relay' ? relayed(to, connection) : new StreamOwner(to, connection.toSocket());
    this.left();
    return owner;
  }

  write(bytes: Buffer, told?: () => void): void {
    this.connection.write(bytes);
    told?.();
  }

  cork(): void {
    this.corks += 1;
    this.connection.cork();
  }

  uncork(): void {
    if (this.corks > 0) this.connection.uncork();
    this.corks = Math.max(0, this.corks - 1);
  }

  pause(): void {
    this.paused = true;
    this.connection.pause();
  }

  resume(): void {
    if (this.paused) this.connection.resume();
    this.paused = false;
  }

  isPaused(): boolean {
    return this.paused;
  }

  end(): void {
    this.connection.end();
  }

  reset(): void {
    this.connection.resetAndDestroy();
  }
}

/** One end is reset. */
export function cut(end: End, other: End): void {
  for (const each of [end, other]) each.cut = true;
  const { transport } = end.options;
  const own = [end, other].every((each) => each.onlyOurs);
  other.mayNotEnd = transport === 'tcp' && !end.finished && own;
  end.reset();
}
