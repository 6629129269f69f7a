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
import type { ListenPolicy, SniffedParts } from './native-types';
import { denialOf } from '../base/permission';

/**
 * The objects in `socket._handle` and `server._handle`. They resemble those of Node: a native id,
 * and the methods that programs are known to use. A table holds them from their registration with
 * the native code to the close callback, so the garbage collector never closes a connection.
 */

export type ConnectCallback = (status: number) => void;
type ConnectionCallback = (this: Handle, status: number, client?: Handle) => void;
type SocketCallback = (
  fd: number,
  place: number,
  sniffed: SniffedParts | undefined,
  proxied: string | undefined,
) => void;
type DropCallback = (this: Handle, count: number) => void;

/**
 * The handles by slot, from their registration with the native code until they are closed. When
 * native code calls for a handle, the handle is alive, so its slot is enough. An id that was stored
 * may be out of date; see `handleOf`.
 */
export const handles: (Handle | undefined)[] = [];

/** The handle with exactly this id; undefined if its slot is empty or has a newer handle. */
export function handleOf(id: number): Handle | undefined {
  const handle = handles[id & SLOT];
  return handle?.id === id ? handle : undefined;
}

const UV_EBADF = errnoByName('EBADF');

/** The common part of TCP and pipe handles. */
export abstract class Handle {
  /** The native id; -1 after `close` was called. */
  id: number;
  owner: HandleOwner | null = null;
  reading = false;
  // These are on the prototype until they are assigned, because most handles have none.
  declare onconnection: ConnectionCallback | null;
  /** Called for refused connections. The native code can describe each of them during the call. */
  ondrop?: DropCallback;
  /** Settings that connections inherit from a listening socket; the delay is in seconds. */
  inheritedNoDelay?: boolean;
  inheritedKeepAlive?: number;
  /** Gets the descriptors of accepted connections; see AcceptedSockets in native/listen. */
  onsocket?: SocketCallback;
  declare connectCallback: ConnectCallback | null;
  declare raceListener: RaceListener | null;
  /** Set while a native relay moves the bytes of the handle. */
  declare relay: RelayListener | null;
  /** The PROXY header of an accepted connection; see lib/internal/proxy/packed-header.ts. */
  proxied?: string | undefined;
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

  /** Whether a read would return bytes or the end without waiting. */
  hasPendingRead(): boolean {
    return binding.isReadable(this.fd) === 1;
  }

  /** http.Agent sets its guard here; see IdleGuard. */
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

  /** Records activity that the native code does not see. */
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

  /**
   * Returns 0 or an error. `flushFailed` is true if it is the error of a gathered write, and false
   * for shutdown(2).
   */
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

  /** Listens without a descriptor; `feed` supplies the connections. */
  listenFed(policy?: ListenPolicy): number {
    return binding.listenFed(this.id, policy?.native, storesOnResource());
  }

  /** Supplies a connection that Node has accepted, or the status of an accept that failed. */
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

  /** Closes the connection with a TCP RST. */
  reset(callback?: () => void): number {
    return this.end(callback, binding.closeReset);
  }

  /** Gives up the connection. Returns its id for the new owner. */
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

  /** If a connect has started, its callback gets the result. */
  protected connects(status: number, callback: ConnectCallback): number {
    if (status === 0) this.connectCallback = callback;
    return status;
  }

  /**
   * Throws if Node's permissions forbid the network. The handle is then closed. Sockets check
   * before they connect, because they have errors of their own. This check is for programs that use
   * a handle directly.
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

/**
 * Converts an address, with port and family in the state array, to a name in `out`; or returns a
 * status.
 */
export function readName(result: string | number, out: SocketName): number {
  if (typeof result === 'number') return result;
  out.address = result;
  out.family = nativeState[1] === 6 ? 'IPv6' : 'IPv4';
  out.port = nativeState[0]!;
  return 0;
}

/** The owner of the handle with this id. */
export function ownerOf(id: number): HandleOwner | null {
  const owner = handleOf(id)?.owner ?? null;
  return owner instanceof IdleGuard ? owner.guarded : owner;
}
