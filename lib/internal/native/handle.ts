import { AsyncLocalStorage, AsyncResource, executionAsyncId } from 'node:async_hooks';
import { dropReasonOf, type AcceptPolicy, type DropReason } from '../listen/accept-policy';
import { errnoByName } from './errno';
import { binding } from './binding';
import { optionsPart } from '../later';
import { WRITE_GATHERED, type NativeCallback } from './native-types';
import { IdleGuard } from './idle-guard';
import { reported, reporting } from './report';
import { denialOf } from '../base/permission';
import { flushBeforeEnd } from './process-end';
import type { ProxyParts } from '../listen/proxy-info';
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
 * The objects behind `socket._handle` and `server._handle`, shaped like those of Node's core: an
 * id of the native core and the methods that programs are known to reach for. They are kept in a
 * table from the moment the core knows them to its close callback, so the garbage collector never
 * decides about a connection.
 */

/** What a stream tells its socket. */
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

type ConnectCallback = (status: number) => void;
type ConnectionCallback = (this: Handle, status: number, client?: Handle) => void;
type DropCallback = (this: Handle, count: number) => void;

const handles: (Handle | undefined)[] = [];

/** Two numbers a native method returns beside its result. */
const state = new Int32Array(2);
export { state as nativeState };

const UV_EBADF = errnoByName('EBADF');

/** Flags of `TCP#bind`, as libuv numbers them. */
export const BindFlag = { ipv6Only: 1, reusePort: 2 } as const;

/** Modes of `Pipe#fchmod`, as libuv numbers them. */
export const PipeMode = { readable: 1, writable: 2 } as const;

/** The class of Buffers. Its constructor is all that `slab.subarray()` comes to here. */
const FastBuffer = (Buffer as unknown as Record<symbol, unknown>)[Symbol.species] as new (
  memory: ArrayBufferLike,
  offset: number,
  length: number,
) => Buffer;

/** Where the core puts short reads. */
let slab: ArrayBufferLike;
let slabStart = 0;
let exitHooked = false;

/** A connection that was not let in. Pipes have no names. */
export interface Dropped {
  reason: DropReason;
  local: SocketName;
  remote: SocketName;
}

/** What is common to TCP and pipe handles. */
export abstract class Handle {
  /** The core's id; -1 once `close` was called. */
  id: number;
  owner: HandleOwner | null = null;
  reading = false;
  // These stand on the prototype until they are assigned: most handles have none.
  declare onconnection: ConnectionCallback | null;
  /** Connections were not let in; `dropped` tells about each, for the time of the call. */
  ondrop?: DropCallback;
  /** What a listening socket's connections have without being told; the delay in seconds. */
  handsDownNoDelay?: boolean;
  handsDownKeepAlive?: number;
  declare connectCallback: ConnectCallback | null;
  declare raceListener: RaceListener | null;
  /** The handle's bytes are moved by the core. */
  declare relay: RelayListener | null;
  /** What arrived in front of an accepted connection. */
  proxied?: ProxyParts | undefined;
  private closeCallback: (() => void) | null = null;

  protected constructor(id: number) {
    if (id >= 0) handles[id] = this;
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

  /** Notes activity that the core does not see. */
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

  /** 0 or an error; `flushFailed` tells an error of a gathered write from one of shutdown(2). */
  shutdown(): number {
    return binding.shutdown(this.id);
  }

  get flushFailed(): boolean {
    return state[0] === 1;
  }

  listen(backlog: number, policy?: AcceptPolicy): number {
    this.checkPermission('');
    onResource ??= storesOnResource();
    return binding.listen(this.id, backlog, policy?.native, onResource);
  }

  /** Has its connections from `feed`; the handle has no descriptor. */
  listenFed(policy?: AcceptPolicy): number {
    onResource ??= storesOnResource();
    return binding.listenFed(this.id, policy?.native, onResource);
  }

  /** A connection that somebody else has accepted, or the status of an accept that failed. */
  feed(fd: number): number {
    return binding.feedListener(this.id, fd);
  }

  dropped(index: number): Dropped {
    const local: SocketName = {};
    const remote: SocketName = {};
    readName(binding.dropSockName(this.id, index), local);
    readName(binding.dropPeerName(this.id, index), remote);
    return { reason: dropReasonOf(binding.dropReason(this.id, index)), local, remote };
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
    handles[id] = undefined;
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

  /** Where a connect has begun, its callback is what hears the outcome. */
  protected connects(status: number, callback: ConnectCallback): number {
    if (status === 0) this.connectCallback = callback;
    return status;
  }

  /**
   * Throws where Node's permissions forbid the network; the handle is of no more use then. Sockets ask
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

function readName(result: string | number, out: SocketName): number {
  if (typeof result === 'number') return result;
  out.address = result;
  out.family = state[1] === 6 ? 'IPv6' : 'IPv4';
  out.port = state[0]!;
  return 0;
}

/** A TCP handle. */
export class TCP extends Handle {
  /** Wraps an accepted stream where an id is given. */
  constructor(id?: number, type = 'TCPWRAP') {
    super(id ?? binding.tcpNew(type));
  }

  open(fd: number): number {
    return binding.tcpOpen(this.id, fd);
  }

  bind(address: string, port: number, flags = 0): number {
    return this.bindTo(address, port, 4, flags);
  }

  bind6(address: string, port: number, flags = 0): number {
    return this.bindTo(address, port, 6, flags);
  }

  private bindTo(address: string, port: number, family: 4 | 6, flags: number): number {
    this.checkPermission('');
    return binding.tcpBind(
      this.id,
      address,
      port,
      family,
      (flags & BindFlag.ipv6Only) !== 0,
      (flags & BindFlag.reusePort) !== 0,
    );
  }

  connect(address: string, port: number, callback: ConnectCallback): number {
    this.checkPermission(address, true);
    return this.connects(binding.tcpConnect(this.id, address, port, 4), callback);
  }

  connect6(address: string, port: number, callback: ConnectCallback): number {
    this.checkPermission(address, true);
    return this.connects(binding.tcpConnect(this.id, address, port, 6), callback);
  }

  /** Makes this the handle of the connection that a race of attempts will yield. */
  raceCreate(
    listener: RaceListener,
    attemptDelay: number,
    timeout: number,
    concurrency: number,
    firstFamilyCount: number,
  ): number {
    this.raceListener = listener;
    return binding.raceCreate(this.id, attemptDelay, timeout, concurrency, firstFamilyCount);
  }

  raceBindTo(address: string, port: number, family: 4 | 6): number {
    return binding.raceBindTo(this.id, address, port, family);
  }

  raceAdd(address: string, port: number, family: 4 | 6): number {
    this.checkPermission(address, true);
    return binding.raceAdd(this.id, address, port, family);
  }

  raceRun(complete: boolean): number {
    return binding.raceRun(this.id, complete);
  }

  /** Ends the race without an outcome; the handle can connect anew. */
  raceCancel(): number {
    return binding.raceCancel(this.id);
  }

  raceFailedLocal(out: SocketName): number {
    return readName(binding.raceFailedLocal(this.id), out);
  }

  getsockname(out: SocketName): number {
    return readName(binding.tcpSockName(this.id), out);
  }

  getpeername(out: SocketName): number {
    return readName(binding.tcpPeerName(this.id), out);
  }

  /** @param known - the socket has it so already */
  setNoDelay(enable: boolean, known = false): number {
    return known ? 0 : binding.tcpNoDelay(this.id, enable);
  }

  /**
   * Times in seconds; what is left out or 0 stays as the system has it.
   *
   * @param known - the socket has it so already
   */
  setKeepAlive(enable: boolean, delay = 0, interval = 0, count = 0, known = false): number {
    if (known) return 0;
    return binding.tcpKeepAlive(this.id, enable, delay, interval, count);
  }

  setTypeOfService(value: number): number {
    return binding.setSocketOption(this.id, optionsPart().typeOfServiceRow, value);
  }

  getTypeOfService(): number {
    const value = binding.getSocketOption(this.id, optionsPart().typeOfServiceRow);
    return value === undefined ? state[0] : (value as number);
  }
}

/** A pipe: a unix-domain socket or a Windows named pipe. */
export class Pipe extends Handle {
  constructor(id?: number, type = 'PIPEWRAP') {
    super(id ?? binding.pipeNew(type));
  }

  open(fd: number): number {
    return binding.pipeOpen(this.id, fd);
  }

  bind(name: string): number {
    this.checkPermission(name);
    return binding.pipeBind(this.id, name);
  }

  connect(name: string, callback: ConnectCallback): number {
    this.checkPermission(name, true);
    return this.connects(binding.pipeConnect(this.id, name), callback);
  }

  fchmod(mode: number): number {
    return binding.pipeChmod(this.id, mode);
  }

  setPendingInstances(count: number): void {
    binding.pipePendingInstances(this.id, count);
  }
}

/** Wraps the descriptor kinds that `open` takes, as libuv numbers them. */
export function guessHandleType(fd: number): string {
  return HANDLE_TYPES[binding.guessHandle(fd)] ?? 'UNKNOWN';
}

// enum uv_handle_type
const HANDLE_TYPES: Record<number, string> = {
  7: 'PIPE',
  12: 'TCP',
  14: 'TTY',
  15: 'UDP',
  17: 'FILE',
};

/** Schedules the end of this turn's gathering where `status` asks for it. */
export function afterWrite(status: number): number {
  if (status !== WRITE_GATHERED) return status;
  if (!exitHooked) {
    exitHooked = true;
    // What is written from the exit on, when no tick will run any more, leaves at once.
    const stop = (): void => reportFailures(binding.stopGathering());
    if ((process as { _exiting?: boolean })._exiting === true) stop();
    else process.once('exit', stop);
    flushBeforeEnd(flushGathered);
  }
  process.nextTick(flushGathered);
  return 0;
}

/** Sends what the writes of this turn have gathered. */
export function flushGathered(): void {
  reportFailures(binding.flushAll());
}

function reportFailures(failures: number[] | undefined): void {
  if (failures === undefined) return;
  for (let i = 0; i < failures.length; i += 2) {
    handles[failures[i]]?.owner?.[kOnWriteError](failures[i + 1]);
  }
}

function onRead(id: number, size: number, offset?: number, fresh?: Buffer): void {
  if (fresh !== undefined) {
    slab = fresh.buffer;
    slabStart = fresh.byteOffset;
  }
  const owner = handles[id]?.owner;
  if (owner == null) return;
  try {
    if (size < 0) {
      owner[kOnReadStatus](size);
    } else if (offset === undefined) {
      owner[kOnUserBytes](size);
    } else {
      owner[kOnBytes](new FastBuffer(slab, slabStart + offset, size));
    }
  } catch (error) {
    throw reported(error);
  }
}

/** With a size, only so much at the start of the buffer was read. */
function onReadBuffer(id: number, buffer: Buffer, size?: number): void {
  try {
    handles[id]?.owner?.[kOnBytes](size === undefined ? buffer : buffer.subarray(0, size));
  } catch (error) {
    throw reported(error);
  }
}

function deliverConnection(id: number, status: number, clientId?: number, proxied?: 1): void {
  const server = handles[id];
  if (clientId === undefined) {
    server?.onconnection?.(status);
    return;
  }
  const client = server instanceof TCP ? new TCP(clientId) : new Pipe(clientId);
  if (proxied !== undefined) client.proxied = binding.acceptedProxyInfo(id);
  if (server?.onconnection == null) {
    client.close();
  } else {
    server.onconnection(status, client);
  }
}

function deliverDrops(id: number, count: number): void {
  handles[id]?.ondrop?.(count);
}

function onConnect(id: number, status: number): void {
  const handle = handles[id];
  if (handle === undefined) return;
  const { connectCallback } = handle;
  handle.connectCallback = null;
  connectCallback?.call(handle, status);
}

function onRace(id: number, event: number, candidate: number, status: number): void {
  handles[id]?.raceListener?.onRace(event, candidate, status);
}

function onWrite(id: number, status: number): void {
  handles[id]?.owner?.[kOnWritten](status);
}

function onShutdown(id: number, status: number): void {
  handles[id]?.owner?.[kOnShutdown](status);
}

function onClose(id: number): void {
  const handle = handles[id];
  handles[id] = undefined;
  // A handle of a facade that was loaded before this one (jest does so) is unknown here.
  handle?.closed();
}

function onWriteError(id: number, status: number): void {
  handles[id]?.owner?.[kOnWriteError](status);
}

function onPeek(id: number, result: Buffer | number): void {
  handles[id]?.owner?.[kOnPeek]?.(result);
}

function onDescriptor(id: number, fd: number, position: number): void {
  const owner = handles[id]?.owner;
  if (owner?.[kOnDescriptor] === undefined) binding.closeDescriptor(fd);
  else owner[kOnDescriptor](fd, position);
}

function onRelay(id: number, status: number, side: 0 | 1, flags: number): void {
  handles[id]?.relay?.onRelay(status, side, flags);
}

/** Makes a context in which AsyncLocalStorage holds nothing, as this callback's, a server's doing. */
function onOrigin(id: number): void {
  const triggerAsyncId = handles[id]?.getAsyncId() ?? 0;
  const origin = new AsyncResource('UVNETORIGIN', { triggerAsyncId });
  origin.runInAsyncScope(binding.adoptOrigin, undefined, id);
}

/**
 * Whether `AsyncLocalStorage#enterWith` sticks to the async resource, as up to Node 22, instead of
 * ending with the callback. Then connections must not share a resource.
 */
let onResource: boolean | undefined;
function storesOnResource(): boolean {
  const storage = new AsyncLocalStorage<boolean>();
  const resource = new AsyncResource('UVNET');
  resource.runInAsyncScope(() => storage.enterWith(true));
  const stuck = resource.runInAsyncScope(() => storage.getStore()) === true;
  storage.disable();
  return stuck;
}

const callbacks: NativeCallback[] = [
  // By themselves, as reads are many: the call that the others have more is too much for them.
  onRead,
  onReadBuffer,
  ...[
    deliverConnection,
    onConnect,
    onRace,
    onWrite,
    onShutdown,
    onClose,
    onWriteError,
    deliverDrops,
    onPeek,
    onDescriptor,
    onRelay,
    onOrigin,
  ].map(reporting),
];

const started = binding.start(state, callbacks);
if (started !== 0) throw new Error(`uvnet: the native core did not start (${started})`);

/** Who uses the handle with this id. */
export function ownerOf(id: number): HandleOwner | null {
  const owner = handles[id]?.owner ?? null;
  return owner instanceof IdleGuard ? owner.guarded : owner;
}

/** Number of handles that are not closed yet, for tests and `doctor`. */
export function openHandles(): number {
  const [made, closed] = binding.handleCounts();
  return made - closed;
}
