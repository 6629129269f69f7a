/** Framing in the form that the native code takes: FramingOptions in native/lean/framing.h. */
export type FramingNumbers = readonly [
  type: number,
  size: number,
  littleEndian: boolean,
  includesHeader: boolean,
  max: number,
  delimiter: Uint8Array | undefined,
];

/** The result of `acceptedSniffed`: Protocol of native/sniff/protocol.h, and the ClientHello. */
export type SniffedParts = [
  protocol: number,
  serverName: string,
  alpnProtocols: string[],
  versions: number[],
];

/** A native object with the limits of a server. */
export type NativePolicy = object;

/** An object that has a native policy. */
export interface ListenPolicy {
  readonly native: NativePolicy;
}

/**
 * The methods that `native/*.cc` exports. Handles are small integers. Results are 0 or a libuv
 * status (a negative errno) unless stated otherwise.
 */
export interface NativeBinding {
  /** Set on the first instance of the binary: all instances, by the copy of uvnet that uses them. */
  instances?: Map<string | symbol, NativeBinding>;
  /** What the binary belongs to, such as `uvnet@1.2.3`. */
  readonly version?: string;
  /**
   * Passes the state array, the callbacks in the order of `Callback` in environment.h, and the
   * memory for reads, which has `areaSize` bytes. No other code may have that memory.
   */
  start(state: Int32Array, callbacks: readonly NativeCallback[], area: Buffer): number;
  readonly areaSize: number;
  /**
   * Counts memory of chunks that this side allocated: `size` bytes since the last call, with `last`
   * as the last Buffer.
   */
  chunksAllocated(last: Buffer, size: number): void;
  /**
   * Reports an exception that a callback is about to throw as 'uncaughtException'; see report.ts.
   */
  reportException(error: unknown): void;
  /** Returns UV_UNKNOWN if libuv has no such name. */
  errnoByName(name: string): number;
  /** The `uv_handle_type` that libuv detects for a descriptor. */
  guessHandle(fd: number): number;

  readStart(id: number): number;
  readStop(id: number): number;
  useUserBuffer(id: number, buffer: Uint8Array): number;
  /**
   * 0, 1 ({@link WRITE_QUEUED}, with the number of bytes in the state array), 2
   * ({@link WRITE_GATHERED}) or an error.
   */
  writeBuffer(id: number, data: Uint8Array, gather: boolean): number;
  writeString(id: number, data: string, encoding: number, mode: number): number;
  /** `chunks` alternates chunks and their encoding codes. */
  writev(id: number, chunks: readonly unknown[]): number;
  /** Sends the gathered writes. Returns `[id, status…]` of those that failed. */
  flushAll(): number[] | undefined;
  /** The same, and turns gathering off for good. */
  stopGathering(): number[] | undefined;
  /** `state[0]` is 1 if the error belongs to a gathered write and not to the shutdown. */
  shutdown(id: number): number;
  close(id: number): number;
  closeReset(id: number): number;
  setRef(id: number, ref: boolean): number;
  hasRef(id: number): number;
  fd(id: number): number;
  bytesRead(id: number): number;
  bytesWritten(id: number): number;
  /** Writes both counters to the state array. Returns UV_EOVERFLOW if one does not fit. */
  byteCounts(id: number): number;
  writeQueueSize(id: number): number;
  /** Milliseconds since the last byte moved. */
  idleTime(id: number): number;
  /**
   * The result of `executionAsyncId` in the callbacks of the handle; 0 if it has no async context.
   */
  asyncId(id: number, executionAsyncId: () => number): number;
  touch(id: number): void;
  /** Without a policy, all connections are accepted. */
  /** With `asyncStorageOnResource`, accepted connections do not share an async resource. */
  listen(
    id: number,
    backlog: number,
    policy: object | undefined,
    asyncStorageOnResource: boolean,
  ): number;
  /** Makes a listening handle report its connections through `onsocket`, as descriptors. */
  transferSockets(id: number): number;
  /** Sets the memory that holds a descriptor until JavaScript has taken it. */
  startSockets(transit: Int32Array): number;
  /** Gives back the place of a connection that `onsocket` has reported. */
  leaveSocket(place: number, bytesRead: number, bytesWritten: number): void;
  /**
   * Moves the place to a stream on the same connection, which gives it back itself. `headSize` is
   * the number of bytes that were read before.
   */
  moveSocket(place: number, id: number, headSize: number): number;
  /** Gives the place back and closes the descriptor, which JavaScript has taken and cannot use. */
  refuseSocket(place: number, fd: number): void;
  /** Makes the running callback the async context of a server's connections. */
  captureOrigin(id: number): number;
  /** Valid only while `onsocket` is being called. */
  acceptedSniffed(id: number): SniffedParts | undefined;
  /** Valid only while drops are being reported; see `deliverDrops` in callbacks.ts. */
  dropReason(id: number, index: number): number;
  dropPeerName(id: number, index: number): string | number;
  dropSockName(id: number, index: number): string | number;

  /** The same for a handle without a descriptor: `feedListener` supplies the connections. */
  listenFed(id: number, policy: object | undefined, onResource: boolean): number;
  /**
   * Takes ownership of the descriptor, even on failure; or reports the status of an accept that
   * failed.
   */
  feedListener(id: number, fd: number): number;
  /** Makes the policy of a server; see accept-policy.ts. */
  policyNew(group?: string): object;
  policyLimits(policy: object, connections: number, perAddress: number, ipv6Prefix: number): number;
  policyRate(policy: object, perSecond: number, burst: number): number;
  policyLists(policy: object, blockList: number, trustedProxies: number): number;
  policyProxy(policy: object, mode: number, timeout: number): number;
  policySniff(policy: object, timeout: number): number;
  policyCount(policy: object, reason: number): number;
  policyStats(policy: object, numbers: Float64Array): number;
  policyIdle(policy: object, idle: number): number[];

  /**
   * Returns an id, or a negative status. With a family (AF_INET…) other than 0, the socket is made
   * at once.
   */
  /** Returns the id of a new handle. `type` is the type of its async resource. */
  /** Without a type, the handle has no async context yet. */
  tcpNew(type?: string): number;
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
  /** Returns the address, with port and family (4 or 6) in the state array; or a status. */
  tcpSockName(id: number): string | number;
  tcpPeerName(id: number): string | number;
  tcpNoDelay(id: number, enable: boolean): number;
  /** Times in seconds; 0 leaves the value of the system. */
  tcpKeepAlive(id: number, enable: boolean, delay: number, interval: number, count: number): number;

  /** `option` is a row of the table in socket-option-types.ts. encodeOption makes the value. */
  setSocketOption(id: number, option: number, value: number | string): number;
  /** Returns the value; the status is in `state[0]`. */
  getSocketOption(id: number, option: number): number | string | undefined;
  /** `list` alternates options and values. `state[0]` is the row that was refused, or -1. */
  applySocketOptions(id: number, stage: number, list: readonly (number | string)[]): number;
  /** The same for a descriptor. */
  applyDescriptorOptions(fd: number, stage: number, list: readonly (number | string)[]): number;
  /**
   * The same for the socket that bind or connect will make. `protocol` is the row of the option
   * that selects the protocol, or -1.
   */
  setInitialOptions(id: number, list: readonly (number | string)[], protocol: number): number;
  /** The row of the initial option that was refused most recently, or -1. */
  refusedSocketOption(id: number): number;
  /** The number of bytes that have arrived and were not read, or an error. */
  unreadBytes(id: number): number;
  /** Returns a TcpInfo::State or an error. Fills in the numbers and the kernel's fields. */
  socketInfo(id: number, numbers: Float64Array, raw: object): number;
  /** Fills in pid, uid and gid. */
  peerCredentials(id: number, numbers: Float64Array): number;

  /**
   * Returns how many of the first bytes were copied, UV_EAGAIN if the callback follows, or another
   * error. `state[0]` is 1 if that error is not an error of the connection.
   */
  peek(id: number, bytes: Uint8Array): number;

  /**
   * Relays two streams to each other (native/relay/relay.h); each direction starts when its source
   * is made to read. It keeps `counts` up to date: the bytes accepted by b, and by a.
   */
  relayStart(a: number, b: number, counts: Float64Array): number;
  /** If the addresses are not of one family, the header marks them as unknown. */
  encodeProxyHeader(
    version: 1 | 2,
    source: string | undefined,
    sourcePort: number | undefined,
    destination: string | undefined,
    destinationPort: number | undefined,
  ): Buffer;

  /**
   * Returns a copy of the bytes that were written but not yet passed to the kernel, or a status.
   */
  copyUnsent(id: number): Buffer | number;
  /** Returns a copy of the bytes that were read after the descriptors that are being reported. */
  copyUndelivered(id: number): Buffer;

  /** Sets whether descriptors that arrive are accepted and reported. */
  receiveDescriptors(id: number, receive: boolean): number;
  /** Like `writeBuffer`. It takes ownership of the descriptor, even on failure. */
  sendDescriptor(id: number, data: Uint8Array, fd: number): number;
  /** Returns another descriptor for the same open file, or an error. */
  duplicateDescriptor(fd: number): number;
  /**
   * Closes a descriptor from one of the methods above or from a peer. Returns UV_EBADF if it has
   * another owner now.
   */
  closeDescriptor(fd: number): number;
  /** Marks the descriptor as owned by other code. The environment closes all others at its end. */
  releaseDescriptor(fd: number): number;
  /** Returns 1 if the descriptor has no other owner yet. */
  holdsDescriptor(fd: number): number;
  /** Returns 1 for a listening socket. */
  isListeningDescriptor(fd: number): number;
  /** Returns 1 if a read would not wait. */
  isReadable(fd: number): number;

  /**
   * Makes a race of connection attempts for this handle. Its events arrive through `onRace`
   * (native/connect/connector.h). Times are in milliseconds; -1: no limit.
   */
  raceCreate(
    id: number,
    attemptDelay: number,
    timeout: number,
    concurrency: number,
    firstFamilyCount: number,
  ): number;
  /** Like the methods below, returns UV_ECANCELED when the race is over. */
  raceBindTo(id: number, address: string, port: number, family: number): number;
  raceAdd(id: number, address: string, port: number, family: number): number;
  /** Starts the race, or continues it with new candidates. */
  raceRun(id: number, complete: boolean): number;
  /** The local address of the attempt that has just failed immediately; as `tcpSockName`. */
  raceCancel(id: number): number;
  raceFailedLocal(id: number): string | number;

  /** Returns 0 if a process uses the Unix socket at the path, or UV_ECONNREFUSED if none does. */
  pathProbe(path: string): number;
  /**
   * Waits at most a second for the lock of a descriptor. The lock lasts until the descriptor is
   * closed.
   */
  lockFile(fd: number): number;
  /**
   * Sets the mode of a socket that this process has bound, but never of another file at that path.
   * With `onlyMore`, returns UV_EACCES if it would take access away.
   */
  setSocketMode(path: string, mode: number, onlyMore: boolean): number;
  pipeNew(type?: string): number;
  pipeOpen(id: number, fd: number): number;
  pipeBind(id: number, name: string): number;
  pipeConnect(id: number, name: string): number;
  pipeChmod(id: number, mode: number): number;
  pipePendingInstances(id: number, count: number): void;
  /** Sets whether the path of a bound pipe stays when the pipe is closed. */
  pipeKeepPath(id: number, keep: boolean): number;

  /**
   * Returns the key with which another thread can take the descriptor of the handle, or a status.
   */
  makeOffer(id: number): string | number;
  /**
   * Opens a new handle on the descriptor that was offered under a key. Returns UV_ENOENT if there
   * is none.
   */
  takeOffer(id: number, key: string): number;
  /** Closes an offered descriptor. Returns UV_ENOENT if it was already taken. */
  withdrawOffer(key: string): number;

  /** Size in bytes of a slab that small reads share. */
  readonly slabSize: number;
  /** Reads of at least this number of bytes have memory of their own. */
  readonly smallRead: number;
  /**
   * Handler tables (native/lean/lean_hub.h, lib/lean): sets the shared memory and the function that
   * delivers events. That function is called with the number of the group, the end of its events,
   * and the message outside the receive area, if any.
   */
  leanStart(
    numbers: Int32Array,
    receive: Uint8Array,
    send: Uint8Array,
    deliver: (group: number, end: number, message?: Buffer) => void,
  ): number;
  /** Returns the number of the group. The framing type is -1 for none. */
  leanGroupNew(borrow: boolean, ...framing: FramingNumbers): number;
  leanGroupFree(group: number): number;
  /** Leaves connections in the queue of the kernel, or accepts them again. */
  pauseListener(id: number, paused: boolean): number;
  /** Makes a listening handle add its connections to the group. */
  leanListen(id: number, group: number, paused: boolean): number;
  leanAdd(id: number, group: number, announce: boolean): number;
  /** Gives a handle the async context of the group. */
  leanShareContext(id: number, group: number): number;
  /**
   * Removes a connection from its group. The JavaScript handle owns it, with an async context of
   * this type.
   */
  leanRemove(id: number, type: string): number;
  /** Starts to read, or reads again. */
  leanResume(id: number): number;
  /** Requests the event `held`. */
  leanHold(id: number): number;
  /**
   * Splits bytes that were read elsewhere. Returns the complete messages, followed by a frame
   * error, if any.
   */
  leanCut(id: number, bytes: Uint8Array): (Buffer | number)[];
  /**
   * Removes and returns the pending events of a connection: bytes, and then the status of reading,
   * or that of writing as a positive number, if there is one.
   */
  leanTakeNoted(id: number): (Buffer | number)[];
  /** Returns the bytes that were read but belong to no message from events or `leanCut`. */
  leanUncut(id: number): Buffer | undefined;
  leanFlush(): void;
  /** Returns the number of waiting bytes, or an error. */
  leanWrite(id: number, data: Uint8Array): number;
  leanWritev(id: number, chunks: readonly Uint8Array[]): number;
  /** Returns the number of bytes that the kernel took, or an error. */
  leanTryWrite(id: number, data: Uint8Array): number;
  leanBroadcast(ids: Int32Array, count: number, data: Uint8Array): number;
  /** Returns 1 if this closes the connection, 0 if the event `shutdown` follows, or an error. */
  leanEnd(id: number, peerEnded: boolean): number;
  leanClose(id: number, reset: boolean): number;
  /**
   * Like `tcpPeerName`, but without a system call. It also works while the connection is closing.
   */
  leanPeerName(id: number): string | number;

  /**
   * Returns the id of a new block list, which lives as long as `owner`. Families are 4, 6 or 0
   * (any).
   */
  blockListNew(owner: object): number;
  /** Returns 1 or 0. */
  blockListCheck(id: number, text: string, family: number): number;
  blockListAddress(id: number, remove: boolean, text: string, family: number): number;
  blockListSubnet(
    id: number,
    remove: boolean,
    text: string,
    family: number,
    prefix: number,
  ): number;
  /** Returns UV_ERANGE if the end comes before the start. */
  blockListRange(id: number, remove: boolean, first: string, last: string): number;
  /**
   * Returns how many rules were added, or the negative number (from 1) of the first entry that is
   * not a rule.
   */
  blockListAddMany(id: number, entries: readonly string[] | string): number;
  blockListReplaceMany(id: number, entries: readonly string[] | string): number;
  blockListClear(id: number): number;
  blockListSize(id: number): number;
  /** Returns the memory in bytes, without the object itself. */
  blockListMemory(id: number): number;
  blockListRules(id: number): string[];
  /** Returns a token. */
  blockListShare(id: number): string | number;
  /** Returns the id of the list of a token in this environment, or UV_ENOENT. */
  blockListFrom(owner: object, token: string): number;
}

export type NativeCallback = (id: number, ...rest: never[]) => void;

/** How `writeString` writes: at once, like `writeBuffer` with `gather`, or like `writev`. */
export const TEXT_PLAIN = 0;
export const TEXT_GATHER = 1;
export const TEXT_VECTOR = 2;

/** The kernel has the bytes, or they are gathered and the flush is scheduled. */
export const WRITE_DONE = 0;
/** The bytes are queued; the write callback follows. */
export const WRITE_QUEUED = 1;
/** The bytes are gathered, and the caller must schedule the flush at the end of this turn. */
export const WRITE_GATHERED = 2;
