import { binding, errnoByName, nativeState } from '../native/binding';
import { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_INVALID_ARG_VALUE } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { Handle } from '../native/handle';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import { buildInfo, infoNumbers, type PeerCredentials, type SocketInfo } from './socket-info';
import {
  socketOptionTable,
  type SocketOptionInputs,
  type SocketOptionName,
  type SocketOptionValues,
} from './socket-option-types';
import {
  decodeOption,
  encodeOption,
  findOption,
  optionError,
  planOptions,
  splitServerPlan,
  Stage,
  type EncodedOptions,
  type OptionPlan,
} from './socket-options';
import type { OptionServer, OptionSocket } from './option-owners';
import {
  kAcceptedOptions,
  kHandle,
  kKeepAlive,
  kNoDelay,
  kOptionPlan,
  kPendingOptions,
  kServerOptions,
  kTypeOfService,
} from '../base/symbols';

/**
 * Socket options where they meet handles, and what the kernel knows about a connection. Loaded when
 * a program uses the first one: see lazy-options.ts, which says what each function is for.
 */

export { nearName, warnOfName } from './near-names';
export { optionError, trafficClass } from './socket-options';

const UV_EBADF = errnoByName('EBADF');
const UV_ENOTCONN = errnoByName('ENOTCONN');

/** Methods that uvnet adds to `net.Socket`. */
export interface OptionMethods {
  /**
   * Sets a socket option; see docs/SOCKET_OPTIONS.md. Without a connection it is kept for the next
   * one and set before that is made.
   *
   * @throws ERR_INVALID_ARG_VALUE for an unknown name, listing near ones;
   *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM if this platform has no such option; ERR_OUT_OF_RANGE
   *   and ERR_INVALID_ARG_TYPE for its value; what the kernel says, with `syscall` 'setsockopt'
   *   and the name in `option`
   */
  setOption<Name extends SocketOptionName>(name: Name, value: SocketOptionInputs[Name]): this;
  /**
   * The value that the kernel has for a socket option; without a connection what `setOption` keeps
   * for the next one, or undefined.
   *
   * @throws as `setOption`, with `syscall` 'getsockopt'
   */
  getOption<Name extends SocketOptionName>(name: Name): SocketOptionValues[Name] | undefined;
  /** The kernel's view of the connection, now; undefined if there is none. */
  info(): SocketInfo | undefined;
  /**
   * Who is at the other end of a unix socket, as the kernel noted it when the connection was made;
   * undefined for TCP and without a connection.
   *
   * @throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM on Windows
   */
  peerCredentials(): PeerCredentials | undefined;
}

/** Methods that uvnet adds to `net.Server`: the options of the listening socket. */
export type ServerOptionMethods = Pick<OptionMethods, 'setOption' | 'getOption'>;

// ---------------------------------------------------------------------------------------------
// Connecting

function apply(handle: Handle, stage: number, settings: EncodedOptions): Error | undefined {
  if (settings.length === 0) return undefined;
  const status = binding.applySocketOptions(handle.id, stage, settings);
  if (status === 0) return undefined;
  const row = nativeState[0];
  return row >= 0 ? optionError(status, 'setsockopt', row) : errnoException(status, 'setsockopt');
}

/** Checks the options of a connect and has them set on the socket that it makes. */
export function planConnect(socket: OptionSocket, local: boolean, options: object): void {
  socket[kOptionPlan] = planOptions('connect', local, socket[kPendingOptions], options);
  delete socket[kPendingOptions];
}

/** Gives a handle that is about to connect the options of its socket. */
export function setOptionsBeforeConnect(
  plan: OptionPlan,
  handle: Handle | null,
): Error | undefined {
  if (!(handle instanceof TCP)) return undefined;
  // An adopted one was bound before and has its socket.
  if (handle.fd >= 0) return apply(handle, Stage.bind, plan.settings);
  const status = binding.setInitialOptions(handle.id, plan.settings, plan.protocol);
  return status === 0 ? undefined : errnoException(status, 'setsockopt');
}

/**
 * Options that are set, or set again, on a connection. libuv changes the interval and the count of
 * keep-alive probes whenever it switches keep-alive on, as node:net does once it is connected.
 */
function onceConnected(settings: EncodedOptions): EncodedOptions {
  const later: EncodedOptions = [];
  for (let i = 0; i < settings.length; i += 2) {
    const { name, stage } = socketOptionTable[settings[i] as number];
    const probes = name === 'keepAliveInterval' || name === 'keepAliveCount';
    if (probes || stage === 'Connected') later.push(settings[i], settings[i + 1]);
  }
  return later;
}

/** Sets what could not be set before there was a connection. */
export function applyConnected(socket: OptionSocket): Error | undefined {
  const plan = socket[kOptionPlan];
  const late = socket[kPendingOptions];
  const handle = socket[kHandle]!;
  socket[kOptionPlan] = undefined;
  delete socket[kPendingOptions];
  const steps: EncodedOptions[] = [];
  if (plan !== undefined && handle instanceof Pipe) steps.push(plan.settings);
  else if (plan !== undefined) steps.push(onceConnected(plan.settings));
  if (late !== undefined) steps.push([...late].flat());
  for (const settings of steps) {
    const error = apply(handle, Stage.any, settings);
    if (error !== undefined) return error;
  }
  return undefined;
}

// ---------------------------------------------------------------------------------------------
// Listening

/** Checks the options of a server and divides them between its sockets. */
export function planServer(server: OptionServer, local: boolean, options: object): void {
  const plan = planOptions('listen', local, undefined, server[kServerOptions], options);
  if (plan === undefined) {
    server[kOptionPlan] = server[kAcceptedOptions] = undefined;
    return;
  }
  const { listener, accepted } = splitServerPlan(plan, local);
  if (server.keepAlive && !local) accepted.push(...onceConnected(listener.settings));
  server[kOptionPlan] = listener;
  server[kAcceptedOptions] = accepted.length > 0 ? accepted : undefined;
}

/** Keeps the socket options among those of `createServer`, once they are checked. */
export function keepServerOptions(server: OptionServer, options: object): void {
  if (planOptions('listen', false, undefined, options) !== undefined) {
    server[kServerOptions] = options;
  }
}

/** For a handle that bind() will give its socket, or that has one already. */
export function setOptionsBeforeListen(handle: Handle, plan: OptionPlan): Error | undefined {
  if (!(handle instanceof Handle)) return undefined;
  if (!(handle instanceof TCP) || handle.fd >= 0) return apply(handle, Stage.any, plan.settings);
  const status = binding.setInitialOptions(handle.id, plan.settings, plan.protocol);
  return status === 0 ? undefined : errnoException(status, 'setsockopt');
}

/**
 * For a server that accepts through somebody else's socket, the one of a cluster's primary: what
 * connections would inherit of a listening socket is set on each.
 */
export function setInheritedOnEach(server: OptionServer): void {
  const { settings } = server[kOptionPlan] ?? { settings: [] };
  const each: EncodedOptions = [];
  for (let i = 0; i < settings.length; i += 2) {
    const { server: where } = socketOptionTable[settings[i] as number];
    if (where === 'Inherited') each.push(settings[i], settings[i + 1]);
  }
  if (each.length > 0) server[kAcceptedOptions] = [...each, ...(server[kAcceptedOptions] ?? [])];
}

// ---------------------------------------------------------------------------------------------
// Methods

/** What setNoDelay() and the like remember must not keep them from the next change. */
function forgetCached(socket: OptionSocket, name: SocketOptionName, value: number | string): void {
  if (name === 'noDelay') {
    socket[kNoDelay] = value === 1;
  } else if (name === 'typeOfService') {
    socket[kTypeOfService] = value as number;
  } else if (name === 'keepAlive' || name.startsWith('keepAlive')) {
    const enable = name === 'keepAlive' ? value === 1 : socket[kKeepAlive]?.enable;
    // NaN seconds are never the same as what is asked for next.
    const unknown = { enable: true, delay: NaN, interval: undefined, count: undefined };
    socket[kKeepAlive] = enable ? unknown : null;
  }
}

/** Sets an option on a socket that exists. */
function writeOption(handle: Handle, row: number, value: number | string): void {
  const { name, kind } = socketOptionTable[row];
  if (kind === 'Protocol') {
    throw new ERR_INVALID_ARG_VALUE('name', name, 'is decided when a socket is made');
  }
  const status = binding.setSocketOption(handle.id, row, value);
  if (status !== 0) throw optionError(status, 'setsockopt', row);
}

function readOption(handle: Handle | null, row: number): unknown {
  if (!(handle instanceof Handle)) return undefined;
  const value = binding.getSocketOption(handle.id, row);
  const status = nativeState[0];
  if (status === UV_EBADF) return undefined;
  if (status !== 0) throw optionError(status, 'getsockopt', row);
  return decodeOption(row, value!);
}

export function setOption<Socket extends OptionSocket>(
  socket: Socket,
  name: SocketOptionName,
  value: unknown,
): Socket {
  const row = findOption(name, 'connect');
  const encoded = encodeOption(row, value, 'value');
  const handle = socket[kHandle];
  if (handle === null || socket.connecting) {
    (socket[kPendingOptions] ??= new Map()).set(row, encoded);
  } else {
    writeOption(handle, row, encoded);
  }
  forgetCached(socket, name, encoded);
  return socket;
}

export function getOption(socket: OptionSocket, name: SocketOptionName): unknown {
  const row = findOption(name, 'connect');
  const kept = socket[kPendingOptions]?.get(row);
  if (kept !== undefined) return decodeOption(row, kept);
  return readOption(socket[kHandle], row);
}

export function info(socket: OptionSocket): SocketInfo | undefined {
  const handle = socket[kHandle];
  if (!(handle instanceof Handle)) return undefined;
  const raw: Record<string, number> = {};
  const state = binding.socketInfo(handle.id, infoNumbers, raw);
  if (state === UV_EBADF) return undefined;
  if (state < 0) throw errnoException(state, 'getsockopt');
  return buildInfo(state, infoNumbers, raw);
}

export function peerCredentials(socket: OptionSocket): PeerCredentials | undefined {
  if (process.platform === 'win32') {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('peerCredentials');
  }
  const handle = socket[kHandle];
  if (!(handle instanceof Pipe)) return undefined;
  const numbers = new Float64Array(3);
  const status = binding.peerCredentials(handle.id, numbers);
  if (status === UV_EBADF || status === UV_ENOTCONN) return undefined;
  if (status !== 0) throw errnoException(status, 'getsockopt');
  const [pid = 0, uid = 0, gid = 0] = numbers;
  return { pid, uid, gid };
}

export function setServerOption<Server extends OptionServer>(
  server: Server,
  name: SocketOptionName,
  value: unknown,
): Server {
  const row = findOption(name, 'listen');
  const encoded = encodeOption(row, value, 'value');
  const handle = server._handle;
  // The socket that another process listens on is out of reach.
  if (handle instanceof Handle && (handle.fd >= 0 || process.platform === 'win32')) {
    writeOption(handle, row, encoded);
  } else {
    server[kServerOptions] = { ...server[kServerOptions], [name]: value };
  }
  return server;
}

export function getServerOption(server: OptionServer, name: SocketOptionName): unknown {
  return readOption(server._handle, findOption(name, 'listen'));
}
