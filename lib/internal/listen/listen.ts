import { onAbort } from '../base/abort';
import { foldArguments, isPipeName, toNumber } from '../base/arguments';
import { clusterModule, dnsModule } from '../base/builtins';
import { adoptSharedHandle, feedFrom, setOwner, type ForeignListener } from './cluster';
import { handleFor, guessHandleType } from '../native/descriptor';
import { debug, serverListenChannel } from '../base/diagnostics';
import { errnoByName } from '../native/errno';
import {
  ERR_INVALID_ARG_VALUE,
  ERR_SERVER_ALREADY_LISTEN,
  errnoException,
  exceptionWithHostPort,
  uvExceptionWithHostPort,
} from '../base/errors';
import { adoptNodeHandle, isNodeHandle, type NodeHandle } from '../native/node-handle';
import { BindFlag, TCP } from '../native/tcp';
import { Handle } from '../native/handle';
import { Pipe, PipeMode } from '../native/pipe';
import type { SocketName } from '../native/handle-events';
import { anyAddress, isIPv6 } from '../base/ip';
import { planServer, presetListener, setInheritedOnEach, refusal } from '../options/option-gate';
import { isBoundSocket } from '../native/bound-handle';
import { loadParts } from '../base/parts';
import { endGrace } from './server-close';
import { onConnection, onDrop } from './accept';
import type { ServerImpl } from './server-state';
import type { OptionPlan } from '../options/socket-options';
import { kBoundPath, kLimits, kOptionPlan, kPathOptions, kTakeHandle } from '../base/symbols';
import { bindPath, checkPathOptions, widenMode, type PathOptions } from './unix-path';
import { validateAbortSignal, validatePort } from '../base/validators';

const UV_EADDRINUSE = errnoByName('EADDRINUSE');
const UV_EALREADY = errnoByName('EALREADY');
const UV_EEXIST = errnoByName('EEXIST');
const UV_EINVAL = errnoByName('EINVAL');

/**
 * The kernel rounds backlog + 1 up to a power of two, so this is a queue of 512 connections.
 */
const DEFAULT_BACKLOG = 511;

export interface ListenOptions extends PathOptions {
  port?: number | string | null;
  host?: string;
  path?: string;
  backlog?: number;
  exclusive?: boolean;
  readableAll?: boolean;
  writableAll?: boolean;
  ipv6Only?: boolean;
  reusePort?: boolean;
  signal?: AbortSignal;
  fd?: number;
  handle?: unknown;
  _handle?: unknown;
}

/** Where to listen, behind all overloads. */
interface Place {
  address: string | null;
  /** -1 for a pipe, null for a descriptor. */
  port: number | null;
  addressType: number | null;
  backlog: number;
  fd?: number | undefined;
  exclusive: boolean;
  flags: number;
}

function flagsOf(options: ListenOptions): number {
  return (
    (options.ipv6Only === true ? BindFlag.ipv6Only : 0) |
    (options.reusePort === true ? BindFlag.reusePort : 0)
  );
}

/** Gives a new handle its socket options; it is closed where that fails. */
function preset(handle: Handle, plan: OptionPlan | undefined): void {
  const error = presetListener(handle, plan);
  if (error === undefined) return;
  handle.close();
  throw error;
}

/**
 * An address in use may not show before listen() or connect(); worse, after a failed bind those
 * would take a random port. So the port that the handle really has is compared.
 */
function checkBind(status: number, port: number, handle: Handle): number {
  if (status !== 0 || !(port > 0) || !(handle instanceof TCP)) return status;
  const name: SocketName = {};
  const result = handle.getsockname(name);
  return result === 0 && name.port !== port ? UV_EADDRINUSE : result;
}

/**
 * A bound handle, or the status that says why there is none.
 *
 * @param plan - socket options
 * @throws the error of a socket option that was refused
 */
export function createServerHandle(
  address: string | null | undefined,
  port: number | null,
  addressType?: number | null,
  fd?: number | null,
  flags?: number,
  // Not counted in `length`: programs see a function of five arguments.
  ...[plan, pathOptions]: [plan?: OptionPlan | undefined, pathOptions?: PathOptions | undefined]
): Handle | number {
  let handle: Handle;
  let status = 0;
  if (typeof fd === 'number' && fd >= 0) {
    try {
      handle = handleFor(fd);
    } catch (error) {
      debug('listen: descriptor %d: %s', fd, (error as Error).message);
      return UV_EINVAL;
    }
    status = handle.open(fd);
    if (status !== 0) {
      handle.close();
      return status;
    }
    preset(handle, plan);
    return handle;
  }

  if (port === -1 && addressType === -1) {
    const pipe = (handle = new Pipe(undefined, 'PIPESERVERWRAP'));
    if (process.platform === 'win32') {
      const instances = Number.parseInt(process.env['NODE_PENDING_PIPE_INSTANCES'] ?? '');
      if (!Number.isNaN(instances)) pipe.setPendingInstances(instances);
    }
    if (address) status = bindPath(pipe, address, pathOptions);
    if (status === 0) preset(pipe, plan);
  } else {
    const tcp = (handle = new TCP(undefined, 'TCPSERVERWRAP'));
    preset(tcp, plan);
    if (!address) {
      // IPv6 serves both families where it is there.
      status = tcp.bind6(anyAddress(6), port!, flags);
      if (status !== 0 && refusal(tcp, status) === undefined) {
        tcp.close();
        return createServerHandle(anyAddress(4), port, undefined, undefined, flags, plan);
      }
    } else if (addressType === 6) {
      status = tcp.bind6(address, port!, flags);
    } else {
      status = tcp.bind(address, port!, flags);
    }
  }
  if (status === 0) return handle;
  const refused = refusal(handle, status);
  handle.close();
  if (refused !== undefined) throw refused;
  return status;
}

function fail(server: ServerImpl, error: Error): void {
  if (serverListenChannel.hasSubscribers) serverListenChannel.error.publish({ server, error });
  process.nextTick(() => server.emit('error', error));
}

/**
 * Linux hands these options of a listening socket down to its connections, which saves their setting
 * for each. Only on sockets of our own making: others may be shared with who knows whom.
 */
function presetConnections(server: ServerImpl, handle: Handle): void {
  if (process.platform !== 'linux' || !(handle instanceof TCP)) return;
  if (server.noDelay && handle.setNoDelay(true) === 0) handle.handsDownNoDelay = true;
  const delay = server.keepAliveInitialDelay;
  if (server.keepAlive && handle.setKeepAlive(true, delay) === 0) {
    handle.handsDownKeepAlive = delay;
  }
}

/** Makes the handle where there is none yet, and listens on it. */
export function setupListenHandle(
  this: ServerImpl,
  address: string | null,
  port: number | null,
  addressType: number | null,
  backlog: number,
  fd?: number | null,
  flags?: number,
): void {
  debug('listen on', address, port, addressType, backlog, fd);
  const plan = this[kOptionPlan];
  try {
    loadParts();
    if (this._handle !== null) {
      const error = presetListener(this._handle, plan);
      if (error !== undefined) throw error;
    } else {
      let made: Handle | number | null = null;
      if (!address && typeof fd !== 'number') {
        address = anyAddress(6);
        addressType = 6;
        made = createServerHandle(address, port, addressType, fd, flags, plan);
        if (typeof made === 'number') {
          made = null;
          address = anyAddress(4);
          addressType = 4;
        }
      }
      made ??= createServerHandle(address, port, addressType, fd, flags, plan, this[kPathOptions]);
      if (typeof made === 'number') {
        throw uvExceptionWithHostPort(made, 'listen', address, port as number);
      }
      this._handle = made;
      if (typeof fd !== 'number') presetConnections(this, made);
    }
  } catch (error) {
    this._handle?.close();
    this._handle = null;
    // What permissions forbid is thrown, as by core.
    if ((error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED') throw error;
    fail(this, error as Error);
    return;
  }

  if (!((this._handle as object) instanceof Handle)) {
    setInheritedOnEach(this);
    this._handle = feedFrom(this._handle as unknown as ForeignListener);
  }
  const handle = this._handle;
  let status: number;
  try {
    status = handle.listen(backlog || DEFAULT_BACKLOG, this[kLimits].policy);
  } catch (error) {
    this._handle = null;
    throw error;
  }
  if (status !== 0) {
    // Another server listens on it already: it keeps its handle.
    if (status === UV_EALREADY) status = UV_EEXIST;
    else handle.close();
    this._handle = null;
    fail(this, uvExceptionWithHostPort(status, 'listen', address, port as number));
    return;
  }
  // Events go to this server from now on, also where another one listened on the handle before.
  handle.onconnection = onConnection as never;
  (handle as unknown as { owner: unknown }).owner = this;
  handle.ondrop = onDrop;
  endGrace(this);
  if (serverListenChannel.hasSubscribers) serverListenChannel.asyncEnd.publish({ server: this });
  this._connectionKey = `${addressType}:${address}:${port}`;
  if (this._unref) this.unref();
  process.nextTick(() => {
    if (this._handle !== null) this.emit('listening');
  });
}

interface ClusterWorker {
  _getServer(
    server: object,
    query: object,
    callback: (status: number, handle: Handle | NodeHandle | null) => void,
  ): void;
}

/** In a cluster's worker the primary has the port, unless it is asked for exclusively. */
function listenInCluster(server: ServerImpl, place: Place, modes?: object): void {
  const { address, port, addressType, backlog, fd, exclusive, flags } = place;
  const cluster = clusterModule();
  if (cluster.isPrimary || exclusive) {
    server._listen2(address, port, addressType, backlog, fd, flags);
    return;
  }
  const query = { address, port, addressType, fd, flags, backlog, ...modes };
  const listeningId = server._listeningId;
  (cluster as unknown as ClusterWorker)._getServer(server, query, (error, shared) => {
    if (listeningId !== server._listeningId) {
      shared?.close();
      return;
    }
    if (shared !== null) setOwner(shared, server);
    const handle = isNodeHandle(shared) ? adoptSharedHandle(shared) : shared;
    let status = handle === null ? error : checkBind(error, port!, handle);
    if (handle !== null && status === 0 && port === -1 && address) {
      status = widenMode(address, server[kPathOptions]);
      if (status !== 0) handle.close();
    }
    if (handle === null || status !== 0) {
      server.emit('error', exceptionWithHostPort(status, 'bind', address, port!));
      return;
    }
    server._handle?.close();
    server._handle = handle;
    server._listen2(address, port, addressType, backlog, fd, flags);
  });
}

const isLinkLocal = (address: string): boolean =>
  isIPv6(address) && /^fe[89ab]/i.test(address.padStart(4, '0'));

function lookupAndListen(server: ServerImpl, host: string, place: Place): void {
  const listeningId = server._listeningId;
  dnsModule().lookup(host, { all: true }, (error, addresses) => {
    if (listeningId !== server._listeningId) return;
    if (error) {
      server.emit('error', error);
      return;
    }
    const found = addresses.find(({ address }) => !isLinkLocal(address)) ?? addresses[0];
    listenInCluster(server, { ...place, address: found.address, addressType: found.family || 4 });
  });
}

function closeOnAbort(server: ServerImpl, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  validateAbortSignal(signal, 'options.signal');
  const close = (): void => {
    server.close();
  };
  if (signal.aborted) {
    process.nextTick(close);
    return;
  }
  const watch = onAbort(signal, close);
  server.once('close', () => watch.dispose());
}

const NO_PLACE = { address: null, port: -1, addressType: -1, exclusive: true, flags: 0 };

export function listen(this: ServerImpl, ...args: unknown[]): ServerImpl {
  const normalized = foldArguments<ListenOptions>(args);
  let [options] = normalized;
  const [, listener] = normalized;
  if (this._handle) throw new ERR_SERVER_ALREADY_LISTEN();
  if (serverListenChannel.hasSubscribers) {
    serverListenChannel.asyncStart.publish({ server: this, options });
  }
  if (listener !== null) this.once('listening', listener);
  const backlogArgument =
    toNumber(args.length > 1 && args[1]) || toNumber(args.length > 2 && args[2]) || 0;

  const bound = isBoundSocket(options) ? options : options.handle;
  if (isBoundSocket(bound)) {
    const path = bound[kBoundPath];
    planServer(this, path !== undefined, isBoundSocket(options) ? {} : options);
    this._handle = bound[kTakeHandle]();
    if (path !== undefined) this._pipeName = path;
    this._listeningId++;
    listenInCluster(this, { ...NO_PLACE, backlog: backlogArgument });
    return this;
  }

  const given = options;
  options = options._handle || options.handle || options;
  this._listeningId++;
  if (isNodeHandle(options)) {
    // To close core's handle of a bound pipe would unlink its name, so that one goes on accepting.
    const pipe = options.constructor.name === 'Pipe' && options.fd >= 0;
    this._handle = pipe ? (options as never) : adoptNodeHandle(options);
    listenInCluster(this, { ...NO_PLACE, backlog: backlogArgument });
    return this;
  }
  if (options instanceof Handle) {
    planServer(this, options instanceof Pipe, given);
    this._handle = options;
    listenInCluster(this, { ...NO_PLACE, backlog: backlogArgument });
    return this;
  }
  closeOnAbort(this, options.signal);
  if (typeof options.fd === 'number' && options.fd >= 0) {
    planServer(this, guessHandleType(options.fd) === 'PIPE', given);
    listenInCluster(this, {
      address: null,
      port: null,
      addressType: null,
      backlog: backlogArgument,
      fd: options.fd,
      exclusive: false,
      flags: 0,
    });
    return this;
  }

  // Nothing that names a port: any free one.
  if (
    args.length === 0 ||
    typeof args[0] === 'function' ||
    (options.port === undefined && 'port' in options) ||
    options.port === null
  ) {
    options.port = 0;
  }
  if (typeof options.port === 'number' || typeof options.port === 'string') {
    validatePort(options.port, 'options.port');
    planServer(this, false, options);
    if (options.reusePort === true) options.exclusive = true;
    const place: Place = {
      address: null,
      port: (options.port as number) | 0,
      addressType: 4,
      backlog: options.backlog || backlogArgument,
      exclusive: Boolean(options.exclusive),
      flags: flagsOf(options),
    };
    if (options.host) lookupAndListen(this, options.host, place);
    else listenInCluster(this, place);
    return this;
  }

  if (options.path && isPipeName(options.path)) {
    listenOnPath(this, options as ListenOptions & { path: string }, backlogArgument);
    return this;
  }
  if (!('port' in options || 'path' in options)) {
    throw new ERR_INVALID_ARG_VALUE('options', options, 'must have the property "port" or "path"');
  }
  throw new ERR_INVALID_ARG_VALUE('options', options);
}

function listenOnPath(
  server: ServerImpl,
  options: ListenOptions & { path: string },
  backlogArgument: number,
): void {
  const { path, readableAll, writableAll } = options;
  if (path.startsWith('\0') && (readableAll || writableAll)) {
    throw new ERR_INVALID_ARG_VALUE(
      'options',
      options,
      'can not set readableAll or writableAllt to true when path is abstract unix socket',
    );
  }
  checkPathOptions(path, options);
  planServer(server, true, options);
  server._pipeName = path;
  server[kPathOptions] = options;
  listenInCluster(
    server,
    {
      address: path,
      port: -1,
      addressType: -1,
      backlog: options.backlog || backlogArgument,
      exclusive: Boolean(options.exclusive),
      flags: 0,
    },
    { readableAll, writableAll },
  );
  const mode =
    (readableAll === true ? PipeMode.readable : 0) | (writableAll === true ? PipeMode.writable : 0);
  if (server._handle === null || mode === 0) return;
  const status = (server._handle as Pipe).fchmod(mode);
  if (status !== 0) {
    server._handle.close();
    server._handle = null;
    throw errnoException(status, 'uv_pipe_chmod');
  }
}
