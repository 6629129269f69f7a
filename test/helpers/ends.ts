// The ends of a transferred connection, and bytes whose position in the stream is recognisable.
import { Random } from './random';
import type { Transport } from './scope';
import type { Uvnet } from './uvnet';

type Socket = import('../../lib/index').Socket;

/** A prime, so that the loss of whole blocks is noticed. */
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

/** The owner of an end of a connection. */
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
  /** Closes the connection so that its peer gets an error, if the transport supports that. */
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

/** The errors of a reset connection, and those of its unwritten data. */
const OF_A_RESET = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECANCELED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_UVNET_MESSAGE_CUT_OFF',
]);

/** One end of a connection: the bytes that it has received and sent, with any owner. */
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
  /** Whether node:net has never owned it. Older versions of it treat a reset as an end. */
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

  /** Records an error, unless a reset explains it. */
  troubled(by: string, error: Error): void {
    const { code } = error as { code?: string };
    this.note(`${by}: ${code}`);
    if (!this.cut || !OF_A_RESET.has(code ?? '')) this.fail(`${by}: ${error.stack}`);
  }

  /** An owner has received bytes. */
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
    // A new owner gets the end as well.
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

  /** Transfers the end. Returns false if that was refused and nothing has changed. */
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

/** One end is reset. */
export function cut(end: End, other: End): void {
  for (const each of [end, other]) each.cut = true;
  const { transport } = end.options;
  const own = [end, other].every((each) => each.onlyOurs);
  other.mayNotEnd = transport === 'tcp' && !end.finished && own;
  end.reset();
}
