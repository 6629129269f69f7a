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
 * Sets socket options on handles, and reads the kernel's statistics of a connection. This file is
 * loaded when a program uses one of them: see lazy-options.ts, which describes each function.
 */

export { nearName, warnOfName } from './near-names';
export { optionError, trafficClass } from './socket-options';

const UV_EBADF = errnoByName('EBADF');
const UV_ENOTCONN = errnoByName('ENOTCONN');

/** Methods that uvnet adds to `net.Socket`. */
export interface OptionMethods {
  /**
   * Sets a socket option; see docs/SOCKET_OPTIONS.md. Without a connection, the socket keeps the
   * option and sets it before the next connection is made.
   *
   * @throws ERR_INVALID_ARG_VALUE for an unknown name, with similar names in the message;
   *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM if this platform has no such option; ERR_OUT_OF_RANGE and
   *   ERR_INVALID_ARG_TYPE for the value; the error of the kernel, with `syscall` 'setsockopt' and
   *   the name in `option`
   */
  setOption<Name extends SocketOptionName>(name: Name, value: SocketOptionInputs[Name]): this;
  /**
   * Returns the kernel's value of a socket option. Without a connection, it returns the value that
   * `setOption` keeps for the next one, or undefined.
   *
   * @throws as `setOption`, with `syscall` 'getsockopt'
   */
  getOption<Name extends SocketOptionName>(name: Name): SocketOptionValues[Name] | undefined;
  /** Returns the kernel's present statistics of the connection; undefined without a connection. */
  info(): SocketInfo | undefined;
  /**
   * Returns the credentials of the peer of a Unix socket, as the kernel recorded them when the
   * connection was made; undefined for TCP and without a connection.
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

/** Checks the options of a connect, which are then set on its new socket. */
export function planConnect(socket: OptionSocket, local: boolean, options: object): void {
  socket[kOptionPlan] = planOptions('connect', local, socket[kPendingOptions], options);
  delete socket[kPendingOptions];
}

/** Sets the options of a socket on its handle before it connects. */
export function setOptionsBeforeConnect(
  plan: OptionPlan,
  handle: Handle | null,
): Error | undefined {
  if (!(handle instanceof TCP)) return undefined;
  // A handle that was bound before already has its socket.
  if (handle.fd >= 0) return apply(handle, Stage.bind, plan.settings);
  const status = binding.setInitialOptions(handle.id, plan.settings, plan.protocol);
  return status === 0 ? undefined : errnoException(status, 'setsockopt');
}

/**
 * Options that must be set on a connection, some of them again. libuv changes the interval and the
 * count of keep-alive probes whenever it turns keep-alive on, which node:net does once it is
 * connected.
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

/** Sets the options that need a connection. */
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

/**
 * Checks the options of a server and divides them between its listening socket and its connections.
 */
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

/** Checks and keeps the socket options among the options of `createServer`. */
export function keepServerOptions(server: OptionServer, options: object): void {
  if (planOptions('listen', false, undefined, options) !== undefined) {
    server[kServerOptions] = options;
  }
}

/** Sets the options of a handle before bind() creates its socket, or on its existing socket. */
export function setOptionsBeforeListen(handle: Handle, plan: OptionPlan): Error | undefined {
  if (!(handle instanceof Handle)) return undefined;
  if (!(handle instanceof TCP) || handle.fd >= 0) return apply(handle, Stage.any, plan.settings);
  const status = binding.setInitialOptions(handle.id, plan.settings, plan.protocol);
  return status === 0 ? undefined : errnoException(status, 'setsockopt');
}

/**
 * For a server that accepts through the socket of a cluster's primary: options that connections
 * would inherit from a listening socket are set on each connection.
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

/**
 * Clears the values that setNoDelay() and similar methods remember, so that they act on the next
 * call.
 */
function forgetCached(socket: OptionSocket, name: SocketOptionName, value: number | string): void {
  if (name === 'noDelay') {
    socket[kNoDelay] = value === 1;
  } else if (name === 'typeOfService') {
    socket[kTypeOfService] = value as number;
  } else if (name === 'keepAlive' || name.startsWith('keepAlive')) {
    const enable = name === 'keepAlive' ? value === 1 : socket[kKeepAlive]?.enable;
    // NaN differs from every value, so the next call always takes effect.
    const unknown = { enable: true, delay: NaN, interval: undefined, count: undefined };
    socket[kKeepAlive] = enable ? unknown : null;
  }
}

/** Sets an option on a socket that exists. */
function writeOption(id: number, row: number, value: number | string): void {
  const { name, kind } = socketOptionTable[row];
  if (kind === 'Protocol') {
    throw new ERR_INVALID_ARG_VALUE('name', name, 'can only be set when a socket is created');
  }
  const status = binding.setSocketOption(id, row, value);
  if (status !== 0) throw optionError(status, 'setsockopt', row);
}

function readOption(handle: Handle | null, row: number): unknown {
  return handle instanceof Handle ? readOptionOf(handle.id, row) : undefined;
}

function readOptionOf(id: number, row: number): unknown {
  const value = binding.getSocketOption(id, row);
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
    writeOption(handle.id, row, encoded);
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
  return handle instanceof Handle ? infoOf(handle.id) : undefined;
}

function infoOf(id: number): SocketInfo | undefined {
  const raw: Record<string, number> = {};
  const state = binding.socketInfo(id, infoNumbers, raw);
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

/** The methods of a connection that is no socket, by the id of its handle. */
export const byId = {
  setOption(id: number, name: SocketOptionName, value: unknown): void {
    const row = findOption(name, 'connect');
    writeOption(id, row, encodeOption(row, value, 'value'));
  },
  getOption: (id: number, name: SocketOptionName): unknown =>
    readOptionOf(id, findOption(name, 'connect')),
  info: infoOf,
};

export function setServerOption<Server extends OptionServer>(
  server: Server,
  name: SocketOptionName,
  value: unknown,
): Server {
  const row = findOption(name, 'listen');
  const encoded = encodeOption(row, value, 'value');
  const handle = server._handle;
  // A listening socket of another process is not accessible.
  if (handle instanceof Handle && (handle.fd >= 0 || process.platform === 'win32')) {
    writeOption(handle.id, row, encoded);
  } else {
    server[kServerOptions] = { ...server[kServerOptions], [name]: value };
  }
  return server;
}

export function getServerOption(server: OptionServer, name: SocketOptionName): unknown {
  return readOption(server._handle, findOption(name, 'listen'));
}
