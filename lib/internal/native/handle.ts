import { executionAsyncId } from 'node:async_hooks';
import { storesOnResource } from './async-context';
import { binding, errnoByName, nativeState, SLOT } from './binding';
import {
  type HandleOwner,
  type RaceListener,
  type RelayListener,
  type SocketName,
  IdleGuard,
} from './handle-events';
import type { ListenPolicy, ProxyParts } from './native-types';
import { denialOf } from '../base/permission';

/**
 * The objects behind `socket._handle` and `server._handle`, shaped like those of Node: an
 * id of the native code and the methods that programs are known to reach for. They are kept in a
 * table from the moment the native code knows them to its close callback, so the garbage collector never
 * decides about a connection.
 */

export type ConnectCallback = (status: number) => void;
type ConnectionCallback = (this: Handle, status: number, client?: Handle) => void;
type DropCallback = (this: Handle, count: number) => void;

/**
 * By slot, from when the native part knows a handle until it is closed. A handle that native code calls
 * for is found without a look at the rest of its id, because it is alive. An id that has waited meanwhile
 * is another matter; see `handleOf`.
 */
export const handles: (Handle | undefined)[] = [];

/** The handle of exactly this id; undefined if its slot is empty or has another one by now. */
export function handleOf(id: number): Handle | undefined {
  const handle = handles[id & SLOT];
  return handle?.id === id ? handle : undefined;
}

const UV_EBADF = errnoByName('EBADF');

/** What is common to TCP and pipe handles. */
export abstract class Handle {
  /** The native code's id; -1 once `close` was called. */
  id: number;
  owner: HandleOwner | null = null;
  reading = false;
  // These stand on the prototype until they are assigned: most handles have none.
  declare onconnection: ConnectionCallback | null;
  /** Connections were not let in; the native code knows of each for the time of the call. */
  ondrop?: DropCallback;
  /** What the connections of a listening socket inherit from it; the delay in seconds. */
  inheritedNoDelay?: boolean;
  inheritedKeepAlive?: number;
  declare connectCallback: ConnectCallback | null;
  declare raceListener: RaceListener | null;
  /** The handle's bytes are moved by the native code. */
  declare relay: RelayListener | null;
  /** What arrived in front of an accepted connection. */
  proxied?: ProxyParts | undefined;
  private closeCallback: (() => void) | null = null;

  protected constructor(id: number) {
    if (id >= 0) handles[id & SLOT] = this;
    this.id = id;
  }

  get fd(): number {
    return binding.fd(this.id);
  }

  get bytesRead(): number {
    return binding.bytesRead(this.id);
  }

  get bytesWritten(): number {
    return binding.bytesWritten(this.id);
  }

  get writeQueueSize(): number {
    return binding.writeQueueSize(this.id);
  }

  getAsyncId(): number {
    return binding.asyncId(this.id, executionAsyncId);
  }

  /** Whether a read would not wait: for bytes, or for the end. */
  hasPendingRead(): boolean {
    return binding.isReadable(this.fd) === 1;
  }

  /** Where http.Agent puts its guard; see IdleGuard. */
  get onread(): unknown {
    return this.owner instanceof IdleGuard ? this.owner.guard : undefined;
  }

  set onread(listener: unknown) {
    const { owner } = this;
    if (owner instanceof IdleGuard) this.owner = owner.guarded;
    if (this.owner !== null && IdleGuard.is(listener)) {
      this.owner = new IdleGuard(this.owner, listener);
    }
  }

  /** Milliseconds since the last byte moved. */
  idleTime(): number {
    return binding.idleTime(this.id);
  }

  /** Notes activity that the native code does not see. */
  touch(): void {
    binding.touch(this.id);
  }

  readStart(): number {
    return binding.readStart(this.id);
  }

  readStop(): number {
    return binding.readStop(this.id);
  }

  useUserBuffer(buffer: Uint8Array): number {
    return binding.useUserBuffer(this.id, buffer);
  }

  /** 0 or an error; `flushFailed` distinguishes an error of a gathered write from one of shutdown(2). */
  shutdown(): number {
    return binding.shutdown(this.id);
  }

  get flushFailed(): boolean {
    return nativeState[0] === 1;
  }

  listen(backlog: number, policy?: ListenPolicy): number {
    this.checkPermission('');
    return binding.listen(this.id, backlog, policy?.native, storesOnResource());
  }

  /** Has its connections from `feed`; the handle has no descriptor. */
  listenFed(policy?: ListenPolicy): number {
    return binding.listenFed(this.id, policy?.native, storesOnResource());
  }

  /** A connection that somebody else has accepted, or the status of an accept that failed. */
  feed(fd: number): number {
    return binding.feedListener(this.id, fd);
  }

  ref(): void {
    binding.setRef(this.id, true);
  }

  unref(): void {
    binding.setRef(this.id, false);
  }

  hasRef(): boolean {
    return binding.hasRef(this.id) === 1;
  }

  close(callback?: () => void): void {
    this.end(callback, binding.close);
  }

  /** Closes with a TCP RST. */
  reset(callback?: () => void): number {
    return this.end(callback, binding.closeReset);
  }

  /** Gives the handle's connection to somebody else, who answers for it by the id. */
  release(): number {
    const { id } = this;
    handles[id & SLOT] = undefined;
    this.id = -1;
    this.reading = false;
    this.owner = null;
    return id;
  }

  private end(callback: (() => void) | undefined, close: (id: number) => number): number {
    const { id } = this;
    if (id < 0) return UV_EBADF;
    if (callback !== undefined) this.closeCallback = callback;
    this.id = -1;
    this.reading = false;
    return close(id);
  }

  abstract open(fd: number): number;

  /** If a connect has begun, its callback is what hears the outcome. */
  protected connects(status: number, callback: ConnectCallback): number {
    if (status === 0) this.connectCallback = callback;
    return status;
  }

  /**
   * Throws if Node's permissions forbid the network; the handle is of no more use then. Sockets ask
   * before they connect, for errors of their own: this is for programs that use a handle.
   */
  protected checkPermission(resource: string, isAudited = false): void {
    const denial = denialOf(resource, isAudited);
    if (denial === undefined) return;
    this.close();
    throw denial;
  }

  /** @internal */
  closed(): void {
    const { closeCallback } = this;
    this.closeCallback = null;
    this.owner = null;
    if (this.raceListener !== null) this.raceListener = null;
    if (this.relay !== null) this.relay = null;
    if (closeCallback !== null) closeCallback.call(this);
  }
}

Object.assign(Handle.prototype, {
  onconnection: null,
  connectCallback: null,
  raceListener: null,
  relay: null,
});

/** An address, with port and family in the state array, or a status; `out` gets a name of it. */
export function readName(result: string | number, out: SocketName): number {
  if (typeof result === 'number') return result;
  out.address = result;
  out.family = nativeState[1] === 6 ? 'IPv6' : 'IPv4';
  out.port = nativeState[0]!;
  return 0;
}

/** Who uses the handle with this id. */
export function ownerOf(id: number): HandleOwner | null {
  const owner = handleOf(id)?.owner ?? null;
  return owner instanceof IdleGuard ? owner.guarded : owner;
}
