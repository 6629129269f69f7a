// Who has an end of a connection: a socket of uvnet, one of node:net, or a handler table.
import type { Socket as NodeSocket } from 'node:net';

import type { End, Move, Owner } from './ends';
import { nextEvent } from './events';
import type { Random } from './random';
import { lean, type Lean } from './relaying';

type Socket = import('../../lib/index').Socket;
type Connection = ReturnType<Lean['connect']> extends Promise<infer C> ? C : never;

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
    // At the end of a relay, its sockets emit the usual events.
    socket.on('end', () => this.relayed || to.takeEnd(this));
    socket.on('drain', () => to.called('drain'));
    // The descriptors are closed even without this listener.
    socket.on('descriptor', () => to.called('descriptor'));
    to.closing.push(nextEvent(socket, 'close'));
    if (listen) socket.on('data', (bytes: Buffer) => this.onData(bytes));
  }

  get moves(): readonly Move[] {
    if (this.isNode) return ['fromNode'];
    // A socket that receives no descriptors may lose bytes after one, as every socket of libuv
    // does.
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
    // Unix sockets have no reset, and libuv refuses one during a shutdown.
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
  // A refusal happens at once, but is reported a tick later.
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
class LeanOwner implements Owner {
  readonly kind: string;
  readonly moves = ['toSocket', 'relay'] as const;
  connection!: Connection;
  private paused = false;
  private corks = 0;
  /** Closed or transferred without an event. */
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
