/** Framing as the native code takes it: FramingOptions in native/lean/framing.h. */
export type FramingNumbers = readonly [
  type: number,
  size: number,
  littleEndian: boolean,
  includesHeader: boolean,
  max: number,
  delimiter: Uint8Array | undefined,
];

/** What `acceptedProxyInfo` returns; version 0 is "no header". */
export type ProxyParts = [
  version: number,
  command: number,
  family: number,
  transport: number,
  sourceAddress: string,
  sourcePort: number,
  destinationAddress: string,
  destinationPort: number,
  tlvs: Buffer,
  head: Buffer,
];

/** An opaque value of the native part: what a server lets in. */
export type NativePolicy = object;

/** What holds one. */
export interface ListenPolicy {
  readonly native: NativePolicy;
}

/**
 * The methods of the native code, as `native/*.cc` exports them. Handles are small integers;
 * results are 0 or a libuv status (a negative errno) unless said otherwise.
 */
export interface NativeBinding {
  /** Hands over the state array and the callbacks, in the order of `Callback` in environment.h. */
  start(state: Int32Array, callbacks: readonly NativeCallback[]): number;
  /** Makes an 'uncaughtException' of what a callback is about to throw; see report.ts. */
  reportException(error: unknown): void;
  /** UV_UNKNOWN if libuv knows no such name. */
  errnoByName(name: string): number;
  /** The `uv_handle_type` libuv finds behind a descriptor. */
  guessHandle(fd: number): number;

  readStart(id: number): number;
  readStop(id: number): number;
  useUserBuffer(id: number, buffer: Uint8Array): number;
  /** 0, 1 ({@link WRITE_QUEUED}), 2 ({@link WRITE_GATHERED}) or an error. */
  writeBuffer(id: number, data: Uint8Array, gather: boolean): number;
  writeString(id: number, data: string, encoding: number, mode: number): number;
  /** Chunks and their encoding codes in turn. */
  writev(id: number, chunks: readonly unknown[]): number;
  /** Sends what was gathered; `[id, status…]` of those that failed. */
  flushAll(): number[] | undefined;
  /** The same, and from now on nothing is gathered any more. */
  stopGathering(): number[] | undefined;
  /** `state[0]` is 1 if an error belongs to a gathered write and not to the shutdown. */
  shutdown(id: number): number;
  close(id: number): number;
  closeReset(id: number): number;
  setRef(id: number, ref: boolean): number;
  hasRef(id: number): number;
  fd(id: number): number;
  bytesRead(id: number): number;
  bytesWritten(id: number): number;
  /** Both of these into the state array; UV_EOVERFLOW if one does not fit in there. */
  byteCounts(id: number): number;
  writeQueueSize(id: number): number;
  /** Milliseconds since the last byte moved. */
  idleTime(id: number): number;
  /** What `executionAsyncId` gives in the callbacks of the handle; 0 if it has no async context. */
  asyncId(id: number, executionAsyncId: () => number): number;
  touch(id: number): void;
  /** Everybody is let in if there is no policy. */
  /** With `asyncStorageOnResource`, connections accepted from then on share no async resource. */
  listen(
    id: number,
    backlog: number,
    policy: object | undefined,
    asyncStorageOnResource: boolean,
  ): number;
  /** Takes the callback that is running for where a server's connections come from. */
  captureOrigin(id: number): number;
  /** Only while a connection is reported that came with more than itself. */
  acceptedProxyInfo(id: number): ProxyParts | undefined;
  /** Only while drops are reported; see `deliverDrops` in callbacks.ts. */
  dropReason(id: number, index: number): number;
  dropPeerName(id: number, index: number): string | number;
  dropSockName(id: number, index: number): string | number;

  /** The same for a handle without a descriptor: `feedListener` brings it what others accept. */
  listenFed(id: number, policy: object | undefined, onResource: boolean): number;
  /** Takes a descriptor over, whatever the answer; or reports the status of an accept that failed. */
  feedListener(id: number, fd: number): number;
  /** What a server lets in; see accept-policy.ts. */
  policyNew(group?: string): object;
  policyLimits(policy: object, connections: number, perAddress: number, ipv6Prefix: number): number;
  policyRate(policy: object, perSecond: number, burst: number): number;
  policyLists(policy: object, blockList: number, trustedProxies: number): number;
  policyProxy(policy: object, mode: number, timeout: number): number;
  policyStats(policy: object, numbers: Float64Array): number;
  policyIdle(policy: object, idle: number): number[];

  /** An id, or a negative status. A family (AF_INET…) other than 0 makes the socket at once. */
  /** The id of a new handle; `type` is that of its async resource. */
  tcpNew(type: string): number;
  tcpOpen(id: number, fd: number): number;
  tcpBind(
    id: number,
    address: string,
    port: number,
    family: number,
    ipv6Only: boolean,
    reusePort: boolean,
  ): number;
  tcpConnect(id: number, address: string, port: number, family: number): number;
  /** The address, with port and family (4 or 6) in the state array, or a status. */
  tcpSockName(id: number): string | number;
  tcpPeerName(id: number): string | number;
  tcpNoDelay(id: number, enable: boolean): number;
  /** Times in seconds; 0 leaves what the system has. */
  tcpKeepAlive(id: number, enable: boolean, delay: number, interval: number, count: number): number;

  /** Options by row of the table in socket-option-types.ts; values as encodeOption makes them. */
  setSocketOption(id: number, option: number, value: number | string): number;
  /** The value; the status is `state[0]`. */
  getSocketOption(id: number, option: number): number | string | undefined;
  /** Options and values in turn; `state[0]` is the row that was refused, or -1. */
  applySocketOptions(id: number, stage: number, list: readonly (number | string)[]): number;
  /**
   * The same for the socket that bind or connect will make; `protocol` is the row of the option
   * that chooses one, or -1.
   */
  setInitialOptions(id: number, list: readonly (number | string)[], protocol: number): number;
  /** The row of the initial option that was refused last, or -1. */
  refusedSocketOption(id: number): number;
  /** Bytes that have arrived and nobody has read, or an error. */
  unreadBytes(id: number): number;
  /** A TcpInfo::State, or an error; fills in numbers and kernel's fields. */
  socketInfo(id: number, numbers: Float64Array, raw: object): number;
  /** Fills in pid, uid and gid. */
  peerCredentials(id: number, numbers: Float64Array): number;

  /**
   * How many of the first bytes were copied, UV_EAGAIN if the callback follows, or another error;
   * `state[0]` is 1 if that error is not one of the connection.
   */
  peek(id: number, bytes: Uint8Array): number;

  /**
   * Takes two streams over and moves the bytes of each to the other (native/relay/relay.h), from when it
   * is made to read. Keeps `counts` up to date: bytes that b, and that a has taken.
   */
  relayStart(a: number, b: number, counts: Float64Array): number;
  /** Says nothing of the addresses if they are not two of one family. */
  encodeProxyHeader(
    version: 1 | 2,
    source: string | undefined,
    sourcePort: number | undefined,
    destination: string | undefined,
    destinationPort: number | undefined,
  ): Buffer;

  /** What was written and the kernel does not have yet, or a status. */
  copyUnsent(id: number): Buffer | number;
  /** What was read and comes behind the descriptors that are being reported. */
  copyUndelivered(id: number): Buffer;

  /** Whether descriptors that arrive are kept and reported. */
  receiveDescriptors(id: number, receive: boolean): number;
  /** As `writeBuffer`; takes the descriptor over, whatever the answer. */
  sendDescriptor(id: number, data: Uint8Array, fd: number): number;
  /** Another descriptor for the same open file, or an error. */
  duplicateDescriptor(fd: number): number;
  /** Closes what one of the methods above or a peer gave; UV_EBADF if it has another owner now. */
  closeDescriptor(fd: number): number;
  /** It has another owner from now on; those that have none the environment closes at its end. */
  releaseDescriptor(fd: number): number;
  /** 1 if it has no other owner yet. */
  holdsDescriptor(fd: number): number;
  /** 1 for a listening socket. */
  isListeningDescriptor(fd: number): number;
  /** 1 if a read would not wait. */
  isReadable(fd: number): number;

  /**
   * A race of connection attempts for this handle, whose events come through `onRace`
   * (native/connect/connector.h). Milliseconds; -1: no limit.
   */
  raceCreate(
    id: number,
    attemptDelay: number,
    timeout: number,
    concurrency: number,
    firstFamilyCount: number,
  ): number;
  /** UV_ECANCELED, like the others below, when the race is over. */
  raceBindTo(id: number, address: string, port: number, family: number): number;
  raceAdd(id: number, address: string, port: number, family: number): number;
  /** Starts the race, or goes on with what was added since. */
  raceRun(id: number, complete: boolean): number;
  /** The local end of the attempt that just failed at once; as `tcpSockName`. */
  raceCancel(id: number): number;
  raceFailedLocal(id: number): string | number;

  /** 0 if a process holds the unix socket at the path, UV_ECONNREFUSED if none does. */
  pathProbe(path: string): number;
  /** Waits a second at most for the lock of a descriptor, which is kept until it is closed. */
  lockFile(fd: number): number;
  /**
   * Sets the mode of a socket that this process has bound, and of nothing else at that path. With
   * `onlyMore`, UV_EACCES if it would keep some from connecting who could until now.
   */
  setSocketMode(path: string, mode: number, onlyMore: boolean): number;
  pipeNew(type: string): number;
  pipeOpen(id: number, fd: number): number;
  pipeBind(id: number, name: string): number;
  pipeConnect(id: number, name: string): number;
  pipeChmod(id: number, mode: number): number;
  pipePendingInstances(id: number, count: number): void;

  /** The key under which another thread can take the handle's descriptor, or a status. */
  makeOffer(id: number): string | number;
  /** Opens a fresh handle on what was offered under a key; UV_ENOENT if nothing is (any more). */
  takeOffer(id: number, key: string): number;
  /** Closes what nobody took; UV_ENOENT if somebody did. */
  withdrawOffer(key: string): number;

  /** Bytes of a slab, which small reads share. */
  readonly slabSize: number;
  /** From here on, in bytes, a read has memory of its own. */
  readonly smallRead: number;
  /**
   * Handler tables (native/lean/lean_hub.h, lib/lean): the shared memory and what delivers events, which
   * is called with the group's number, the end of its events and the message that lies apart, if any.
   */
  leanStart(
    numbers: Int32Array,
    receive: Uint8Array,
    send: Uint8Array,
    deliver: (group: number, end: number, message?: Buffer) => void,
  ): number;
  /** A number; the framing's type is -1 for none. */
  leanGroupNew(borrow: boolean, ...framing: FramingNumbers): number;
  leanGroupFree(group: number): number;
  /** What a listening handle accepts is the group's from now on. */
  leanListen(id: number, group: number, paused: boolean): number;
  leanAdd(id: number, group: number, announce: boolean): number;
  /** The facade is to answer for it, with an async context of this type. */
  leanRemove(id: number, type: string): number;
  /** Reads from now on, or again. */
  leanResume(id: number): number;
  /** The event `held` follows. */
  leanHold(id: number): number;
  /** The messages that end in bytes read elsewhere, and behind them a frame error, if any. */
  leanCut(id: number, bytes: Uint8Array): (Buffer | number)[];
  /**
   * What is noted and not delivered, and is not delivered any more: bytes, then maybe the status of
   * reading, or that of writing as a positive number.
   */
  leanTakeNoted(id: number): (Buffer | number)[];
  /** What was read and is in none of the messages that events or `leanCut` told of. */
  leanUncut(id: number): Buffer | undefined;
  leanFlush(): void;
  /** The number of bytes that wait, or an error. */
  leanWrite(id: number, data: Uint8Array): number;
  leanWritev(id: number, chunks: readonly Uint8Array[]): number;
  /** The number of bytes that the kernel took, or an error. */
  leanTryWrite(id: number, data: Uint8Array): number;
  leanBroadcast(ids: Int32Array, count: number, data: Uint8Array): number;
  /** 1 if the connection is closed by this, 0 if the event `shutdown` follows, or an error. */
  leanEnd(id: number, peerEnded: boolean): number;
  leanClose(id: number, reset: boolean): number;
  /** As `tcpPeerName`, without a system call, and also while the connection is closing. */
  leanPeerName(id: number): string | number;

  /** A new block list, by id; it lives as long as `owner`. Families are 4, 6 or 0 (any). */
  blockListNew(owner: object): number;
  /** 1 or 0. */
  blockListCheck(id: number, text: string, family: number): number;
  blockListAddress(id: number, remove: boolean, text: string, family: number): number;
  blockListSubnet(
    id: number,
    remove: boolean,
    text: string,
    family: number,
    prefix: number,
  ): number;
  /** UV_ERANGE if the end comes before the start. */
  blockListRange(id: number, remove: boolean, first: string, last: string): number;
  /** How many were added, or the negative number, from 1, of the first that is no rule. */
  blockListAddMany(id: number, entries: readonly string[] | string): number;
  blockListReplaceMany(id: number, entries: readonly string[] | string): number;
  blockListClear(id: number): number;
  blockListSize(id: number): number;
  /** Bytes, without the object itself. */
  blockListMemory(id: number): number;
  blockListRules(id: number): string[];
  /** A token. */
  blockListShare(id: number): string | number;
  /** The id of a token's list in this environment, or UV_ENOENT. */
  blockListFrom(owner: object, token: string): number;
}

export type NativeCallback = (id: number, ...rest: never[]) => void;

/** How `writeString` is to write: at once, as `writeBuffer` with `gather`, or as `writev` does. */
export const TEXT_PLAIN = 0;
export const TEXT_GATHER = 1;
export const TEXT_VECTOR = 2;

/** The kernel has the bytes, or they are gathered and the flush is scheduled. */
export const WRITE_DONE = 0;
/** The bytes are on their way; the write callback follows. */
export const WRITE_QUEUED = 1;
/** The bytes are gathered for the end of this turn, which the caller is to schedule. */
export const WRITE_GATHERED = 2;
