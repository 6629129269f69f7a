import type * as nodeNet from 'node:net';
import { netModule } from '../internal/base/builtins';
import { clearTimeout, setTimeout } from '../internal/base/timers';
import { errnoException } from '../internal/base/system-errors';
import { binding } from '../internal/native/binding';
import type { SocketName } from '../internal/native/handle-events';
import { nameEnds } from '../internal/proxy/name-ends';
import { headIn, headSizeIn, namesEnds, type PackedHeader } from '../internal/proxy/packed-header';
import { kHeader, passHeader, type HeaderCarrier } from '../internal/proxy/info-of';

/** Accepted descriptors as handles of Node's own, from which Node makes its sockets. */

const kHolder: unique symbol = Symbol('holder');
const kPlace: unique symbol = Symbol('place');
const kTimer: unique symbol = Symbol('timer');

/** Who counts the connection. */
export interface Holder {
  left(): void;
}

/** A handle of Node's (TCPWRAP or PIPEWRAP). */
export interface AcceptedHandle extends HeaderCarrier {
  readonly fd: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  open(fd: number): number;
  close(callback?: () => void): void;
  reset?(callback?: () => void): number;
  getpeername?(out: SocketName): number;
  getsockname?(out: SocketName): number;
  readStart(): number;
  [kHolder]: Holder;
  /** -1 when the connection is not counted any more. */
  [kPlace]: number;
  [kTimer]?: NodeJS.Timeout;
}

interface HandleClass {
  new (type: number): AcceptedHandle;
  readonly prototype: AcceptedHandle;
}

/** `constants.SOCKET` of Node's TCP and Pipe. */
const SOCKET = 0;

/** Where a descriptor stands until this side has taken it; see AcceptedSockets in native/listen. */
const transit = new Int32Array([-1]);
let started = false;

/** By place: the connections that are open. */
const open: (AcceptedHandle | undefined)[] = [];

const classes: { TCP?: HandleClass; Pipe?: HandleClass } = {};

/** Must be called before a listener transfers its first descriptor. */
export function startAccepting(): void {
  if (started) return;
  const status = binding.startSockets(transit);
  if (status !== 0) throw errnoException(status, 'listen');
  started = true;
}

/** Node's classes have no public name. The first connection shows its class. */
function firstHandle(fd: number, kind: 'TCP' | 'Pipe'): AcceptedHandle {
  const probe = new (netModule().Socket)({
    fd,
    manualStart: true,
  } as nodeNet.SocketConstructorOpts);
  const owner = probe as unknown as { _handle: AcceptedHandle | null };
  const handle = owner._handle!;
  owner._handle = null;
  probe.destroy();
  classes[kind] = handle.constructor as unknown as HandleClass;
  return handle;
}

export const headerOf = (handle: AcceptedHandle): PackedHeader | undefined => handle[kHeader];

/** How many bytes of the application were read before the handle existed. */
export function headSizeOf(handle: AcceptedHandle): number {
  const header = headerOf(handle);
  return header === undefined ? 0 : headSizeIn(header);
}

/** All bytes that the connection has sent and that were read. */
const bytesReadOf = (handle: AcceptedHandle): number => handle.bytesRead + headSizeOf(handle);

/** Forgets the connection, and returns its place, which is the caller's from now on. */
export function giveUp(handle: AcceptedHandle): number {
  const place = handle[kPlace];
  handle[kPlace] = -1;
  open[place] = undefined;
  if (handle[kTimer] !== undefined) clearTimeout(handle[kTimer]);
  return place;
}

function leave(handle: AcceptedHandle): void {
  if (handle[kPlace] < 0) return;
  binding.leaveSocket(giveUp(handle), bytesReadOf(handle), handle.bytesWritten);
  if (handle[kHeader] !== undefined) passHeader(handle, socketOf(handle));
  handle[kHolder].left();
}

function close(this: AcceptedHandle, callback?: () => void): void {
  leave(this);
  (Object.getPrototypeOf(this) as AcceptedHandle).close.call(this, callback);
}

function reset(this: AcceptedHandle, callback?: () => void): number {
  leave(this);
  return (Object.getPrototypeOf(this) as AcceptedHandle).reset!.call(this, callback);
}

/**
 * Makes the handle of an accepted connection. Its place under the limits is given back when it is
 * closed.
 *
 * @throws if Node cannot take the descriptor, which is closed then
 */
export function acceptHandle(
  holder: Holder,
  kind: 'TCP' | 'Pipe',
  fd: number,
  place: number,
): AcceptedHandle {
  transit[0] = -1;
  const { [kind]: Class } = classes;
  let handle: AcceptedHandle;
  try {
    if (Class === undefined) {
      handle = firstHandle(fd, kind);
    } else {
      handle = new Class(SOCKET);
      const status = handle.open(fd);
      if (status !== 0) {
        handle.close();
        throw errnoException(status, 'open');
      }
    }
  } catch (error) {
    binding.refuseSocket(place, fd);
    throw error;
  }
  handle[kHolder] = holder;
  handle[kPlace] = place;
  handle.close = close;
  if (kind === 'TCP') handle.reset = reset;
  open[place] = handle;
  return handle;
}

/**
 * From now on, the names of the handle are those that the header gives, and the socket begins with
 * the bytes that were read in search of the header.
 */
export function takeHeader(handle: AcceptedHandle, header: PackedHeader): void {
  handle[kHeader] = header;
  if (namesEnds(header)) nameEnds(handle, header);
  const head = headIn(header);
  if (head !== undefined) beginWith(handle, head);
}

/** Node's symbol, which has no public name. The first handle that has a socket shows it. */
let ownerSymbol: symbol | undefined;

/** The socket that Node has made of a handle; undefined before. */
export function socketOf(handle: AcceptedHandle): nodeNet.Socket | undefined {
  ownerSymbol ??= Object.getOwnPropertySymbols(handle).find(
    ({ description }) => description === 'owner_symbol',
  );
  if (ownerSymbol === undefined) return undefined;
  // Node's handles begin with null.
  return (handle as unknown as Record<symbol, nodeNet.Socket | null>)[ownerSymbol] ?? undefined;
}

/**
 * Gives the socket bytes that were read while it was not clear whether they begin a header. It gets
 * them as soon as it reads, before all others.
 */
function beginWith(handle: AcceptedHandle, bytes: Buffer): void {
  handle.readStart = () => {
    handle.readStart = (Object.getPrototypeOf(handle) as AcceptedHandle).readStart;
    socketOf(handle)!.push(bytes);
    return handle.readStart();
  };
}

/** Calls back once if the connection has sent nothing after so many milliseconds. */
export function expectFirstByte(handle: AcceptedHandle, ms: number, late: () => void): void {
  handle[kTimer] = setTimeout(() => {
    // A socket that does not read leaves the bytes in the kernel.
    if (bytesReadOf(handle) === 0 && binding.isReadable(handle.fd) !== 1) late();
  }, ms);
  handle[kTimer].unref();
}

/** The connections of a holder that are open. */
export function openHandles(holder: Holder): AcceptedHandle[] {
  return open.filter((handle): handle is AcceptedHandle => handle?.[kHolder] === holder);
}

/** Whether the connection below a socket (of TLS, say) is one of the holder's. */
export function isHeldBy(socket: object, holder: Holder): boolean {
  let one: AnySocket | null | undefined = socket;
  while (one?._parent != null) one = one._parent;
  return one?._handle?.[kHolder] === holder;
}

interface AnySocket {
  _handle?: AcceptedHandle | null;
  _parent?: AnySocket | null;
}
