import { Buffer } from 'node:buffer';
import { binding, errnoByName, nativeState, SLOT } from '../../internal/native/binding';
import type { ProxyInfo } from '../../internal/proxy/proxy-info';
import type * as declared from '../../types/interfaces';
import type { Endpoint, Socket } from '../../types/interfaces';
import { ERR_INVALID_ARG_TYPE, genericNodeError } from '../../internal/base/errors';
import { errnoException } from '../../internal/base/system-errors';
import { asyncDispose } from './async-dispose';
import { holdBack, type Corked } from './cork';
import { keepEnds, knownEnds } from './ends';
import type { Group } from './group';
import { askForHeld, takeHeld } from './paused-input';
import { counters } from '../memory/shared-memory';
import {
  fits,
  makeRoomForBytes,
  makeRoomForText,
  MAX_COPY,
  putBytes,
  putText,
} from '../memory/send';
import {
  ENDED,
  FINISHED,
  SHUT,
  PAUSED,
  GONE,
  WAITING,
  UNREF,
  CORKED,
  CLOSING,
  REPORTED,
  AWAITED,
  HOLDING,
  UNFINISHED,
  UNOPENED,
} from './state-bits';
import { closeTimers, setIdleTimeout } from './timeouts';

const UV_ENOTCONN = errnoByName('ENOTCONN');

/** Data of a closed connection that programs can still read. */
interface Last {
  error: Error | undefined;
  read: number;
  written: number;
  remote: Endpoint;
}

/** Indexed by slot. */
const connections: (Connection | undefined)[] = [];

/**
 * The connection with this id; undefined once it was closed or transferred. Events may arrive
 * later.
 */
export function connectionOf(id: number): Connection | undefined {
  const connection = connections[id & SLOT];
  return connection?.id === id ? connection : undefined;
}

/** The connections of a group for which `open` was called. */
export function connectionsOf(group: ConnectionGroup): Connection[] {
  return connections.filter(
    (connection) => connection?.group === group && (connection.state & UNOPENED) === 0,
  ) as Connection[];
}

/** Connections whose `asyncDispose` waits until they are reported as closed. */
const awaited = new Map<Connection, { promise: Promise<void>; resolve: () => void }>();

const writeAfterEnd = (): Error =>
  genericNodeError('write after end', { code: 'ERR_STREAM_WRITE_AFTER_END' });

/** The connections of one handler table. */
export type ConnectionGroup = Group<Connection>;

/**
 * See {@link declared.Connection}. The object is small; data that few connections need is kept
 * outside it.
 */
export class Connection<Data = unknown> implements declared.Connection<Data> {
  data: Data = undefined as Data;
  /** @internal */
  state: number;
  /** Bytes that wait in the native code, as far as known. @internal */
  queued = 0;
  /** Data that stays readable after the connection is closed. @internal */
  last: Last | undefined = undefined;

  /** @internal */
  constructor(
    /** @internal */
    readonly id: number,
    /** @internal */
    public group: ConnectionGroup,
    state: number,
  ) {
    this.state = state;
    connections[id & SLOT] = this;
    group.joined();
  }

  get isOpen(): boolean {
    return (this.state & GONE) === 0;
  }

  get writableLength(): number {
    return (this.state & CORKED) === 0 ? this.queued : this.queued + corked.get(this)!.size;
  }

  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    if ((this.state & (GONE | FINISHED | CORKED)) !== 0) return this.writeLater([data], encoding);
    let size: number;
    let emptied: boolean;
    if (typeof data === 'string') {
      if (!fits(data)) return this.writeNow(Buffer.from(data, encoding));
      emptied = makeRoomForText(data);
      size = putText(this.id, data, encoding);
    } else if (data instanceof Uint8Array) {
      if (data.length > MAX_COPY) return this.writeNow(data);
      emptied = makeRoomForBytes(data);
      size = putBytes(this.id, data);
    } else {
      throw new ERR_INVALID_ARG_TYPE('data', ['string', 'Buffer', 'Uint8Array'], data);
    }
    // Earlier writes are in the native code now.
    if (emptied) this.queued = binding.writeQueueSize(this.id);
    if (this.queued === 0) return true;
    this.queued += size;
    return this.hasRoom();
  }

  writev(chunks: readonly (string | Uint8Array)[]): boolean {
    if ((this.state & (GONE | FINISHED | CORKED)) !== 0) return this.writeLater(chunks);
    const buffers: Uint8Array[] = [];
    let total = 0;
    for (const chunk of chunks) {
      const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      if (!(buffer instanceof Uint8Array)) {
        throw new ERR_INVALID_ARG_TYPE('chunks', ['string[]', 'Uint8Array[]'], chunks);
      }
      total += buffer.length;
      buffers.push(buffer);
    }
    if (total > MAX_COPY) return this.written(binding.leanWritev(this.id, buffers));
    for (const buffer of buffers) this.write(buffer);
    return this.hasRoom();
  }

  tryWrite(data: Uint8Array): number {
    if ((this.state & (GONE | FINISHED)) !== 0) {
      this.refuseWrite();
      return 0;
    }
    if (!(data instanceof Uint8Array)) throw new ERR_INVALID_ARG_TYPE('data', 'Uint8Array', data);
    if ((this.state & CORKED) !== 0) return 0;
    const taken = binding.leanTryWrite(this.id, data);
    if (taken >= 0) return taken;
    this.destroy(errnoException(taken, 'write'));
    return 0;
  }

  end(data?: string | Uint8Array, encoding?: BufferEncoding): void {
    if ((this.state & (GONE | FINISHED)) !== 0) return;
    if (data !== undefined) this.write(data, encoding);
    while ((this.state & CORKED) !== 0) this.uncork();
    if ((this.state & GONE) !== 0) return;
    this.state |= FINISHED;
    const status = binding.leanEnd(this.id, (this.state & (ENDED | CLOSING)) !== 0);
    if (status === 1) {
      this.state |= SHUT | UNFINISHED;
      this.closed(undefined);
    } else if (status < 0) {
      this.destroy(status === UV_ENOTCONN ? undefined : errnoException(status, 'shutdown'));
    }
  }

  /** Ends the connection, and closes it when all data is sent. @internal */
  destroySoon(): void {
    if ((this.state & (GONE | SHUT)) === SHUT) {
      this.destroy();
      return;
    }
    this.state |= CLOSING;
    this.end();
  }

  destroy(error?: Error): void {
    this.close(error, false);
  }

  resetAndDestroy(): void {
    this.close(undefined, true);
  }

  cork(): void {
    if ((this.state & (GONE | FINISHED)) !== 0) return;
    this.state |= CORKED;
    const held = corked.get(this);
    if (held === undefined) corked.set(this, { depth: 1, chunks: [], size: 0 });
    else held.depth += 1;
  }

  uncork(): void {
    const held = corked.get(this);
    if (held === undefined || --held.depth > 0) return;
    corked.delete(this);
    this.state &= ~CORKED;
    if (held.chunks.length > 0) this.writev(held.chunks);
    // `write` may have returned false for data that has left since without waiting in the native
    // code.
    if ((this.state & WAITING) !== 0) process.nextTick(() => this.drained());
  }

  pause(): void {
    if ((this.state & (GONE | PAUSED)) !== 0) return;
    this.state |= PAUSED;
    binding.readStop(this.id);
  }

  resume(): void {
    if ((this.state & (GONE | PAUSED)) !== PAUSED) return;
    this.state &= ~PAUSED;
    // Held input is delivered first. Reading starts again when all of it was delivered.
    if ((this.state & HOLDING) !== 0) askForHeld(this);
    else this.readOn();
  }

  /** @internal */
  readOn(): void {
    const status = binding.leanResume(this.id);
    if (status !== 0) this.destroy(errnoException(status, 'read'));
  }

  isPaused(): boolean {
    return (this.state & PAUSED) !== 0;
  }

  setTimeout(milliseconds: number): void {
    if ((this.state & GONE) === 0) setIdleTimeout(this, milliseconds);
  }

  ref(): void {
    if ((this.state & GONE) !== 0) return;
    this.state &= ~UNREF;
    binding.setRef(this.id, true);
  }

  unref(): void {
    if ((this.state & GONE) !== 0) return;
    this.state |= UNREF;
    binding.setRef(this.id, false);
  }

  get bytesRead(): number {
    return (this.state & GONE) !== 0 ? (this.last?.read ?? 0) : binding.bytesRead(this.id);
  }

  get bytesWritten(): number {
    return (this.state & GONE) !== 0 ? (this.last?.written ?? 0) : binding.bytesWritten(this.id);
  }

  get idleTime(): number {
    return (this.state & GONE) !== 0 ? 0 : binding.idleTime(this.id);
  }

  get remoteAddress(): string | undefined {
    return this.remote.address;
  }

  get remotePort(): number | undefined {
    return this.remote.port;
  }

  get remoteFamily(): string | undefined {
    return this.remote.family;
  }

  get localAddress(): string | undefined {
    return this.local.address;
  }

  get localPort(): number | undefined {
    return this.local.port;
  }

  get localFamily(): string | undefined {
    return this.local.family;
  }

  get remote(): Endpoint {
    return knownEnds(this)?.remote ?? this.last?.remote ?? this.nameNow(binding.tcpPeerName);
  }

  get local(): Endpoint {
    const known = knownEnds(this)?.local;
    if (known !== undefined) return known;
    const local = this.nameNow(binding.tcpSockName);
    if (local.address !== undefined) keepEnds(this, { local });
    return local;
  }

  get proxyInfo(): ProxyInfo | undefined {
    return knownEnds(this)?.proxyInfo;
  }

  declare toSocket: (unread?: Buffer) => Socket; // See transfer.ts.

  [asyncDispose](): Promise<void> {
    this.destroy();
    if (this.last === undefined || (this.state & REPORTED) !== 0) return Promise.resolve();
    let waiting = awaited.get(this);
    if (waiting === undefined) {
      let resolve!: () => void;
      const promise = new Promise<void>((fulfil) => (resolve = fulfil));
      waiting = { promise, resolve };
      awaited.set(this, waiting);
      this.state |= AWAITED;
    }
    return waiting.promise;
  }

  /** Called right before `close`, if `open` was called. @internal */
  reported(): void {
    this.state |= REPORTED;
    if ((this.state & AWAITED) === 0) return;
    awaited.get(this)!.resolve();
    awaited.delete(this);
  }

  private nameNow(name: (id: number) => string | number): Endpoint {
    return (this.state & GONE) !== 0 ? {} : namedBy(name(this.id));
  }

  private refuseWrite(): false {
    if ((this.state & FINISHED) !== 0) throw writeAfterEnd();
    return false;
  }

  private writeLater(chunks: readonly (string | Uint8Array)[], encoding?: BufferEncoding): boolean {
    if ((this.state & (GONE | FINISHED)) !== 0) return this.refuseWrite();
    holdBack(corked.get(this)!, chunks, encoding);
    return this.hasRoom();
  }

  private writeNow(data: Uint8Array): boolean {
    return this.written(binding.leanWrite(this.id, data));
  }

  private written(result: number): boolean {
    if (result < 0) {
      this.destroy(errnoException(result, 'write'));
      return false;
    }
    this.queued = result;
    return this.hasRoom();
  }

  private hasRoom(): boolean {
    if (this.writableLength <= this.group.highWaterMark) return true;
    this.state |= WAITING;
    return false;
  }

  private close(error: Error | undefined, reset: boolean): void {
    if ((this.state & GONE) !== 0) return;
    binding.leanClose(this.id, reset);
    this.closed(error);
  }

  private closed(error: Error | undefined): void {
    this.last = {
      error,
      read: counters[0],
      written: counters[1],
      // This makes no system call: the native code has known the address from the start.
      remote: namedBy(binding.leanPeerName(this.id)),
    };
    this.group.closed.push(this);
    this.leave();
  }

  /** Waiting data may all be sent by now; handlers may have written more since. @internal */
  drained(): void {
    if ((this.state & (GONE | WAITING)) !== WAITING) return;
    this.queued = binding.writeQueueSize(this.id);
    if (this.queued > 0) return;
    this.state &= ~WAITING;
    this.group.table.drain(this);
  }

  /** @internal */
  timedOut(): void {
    this.group.table.timeout(this);
  }

  /** @internal */
  leave(): void {
    this.state |= GONE;
    connections[this.id & SLOT] = undefined;
    closeTimers(this);
    corked.delete(this);
    if ((this.state & HOLDING) !== 0) takeHeld(this);
  }
}

const corked = new WeakMap<object, Corked>();

/** @param address - the result of a native method, with port and family in the state array */
function namedBy(address: string | number): Endpoint {
  if (typeof address !== 'string') return {};
  return { address, family: nativeState[1] === 6 ? 'IPv6' : 'IPv4', port: nativeState[0] };
}
