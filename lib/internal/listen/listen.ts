import { onAbort } from '../base/abort';
import { foldArguments, isPipeName, toNumber } from '../base/arguments';
import { dnsModule } from '../base/builtins';
import { serverListenChannel } from '../base/diagnostics';
import { ERR_INVALID_ARG_VALUE, ERR_SERVER_ALREADY_LISTEN } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { isIPv6 } from '../base/ip';
import { kBoundPath, kPathOptions, kTakeHandle } from '../base/symbols';
import { validateAbortSignal, validatePort } from '../base/validators';
import { isBoundSocket } from '../socket/bound-handle';
import { guessHandleType } from '../native/descriptor';
import { Handle } from '../native/handle';
import { takeNodeHandle, isNodeHandle } from '../native/node-handle';
import { Pipe, PipeMode } from '../native/pipe';
import { BindFlag } from '../native/tcp';
import { planServer } from '../options/lazy-options';
import { isClusterWorker, listenInCluster } from './cluster';
import type { ListenTarget, ServerImpl } from './server-impl';
import { checkPathOptions, type PathOptions } from './unix-path';

/** `server.listen()`: reduces its overloads to an address or a handle. */

interface ListenOptions extends PathOptions {
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

function flagsOf(options: ListenOptions): number {
  return (
    (options.ipv6Only === true ? BindFlag.ipv6Only : 0) |
    (options.reusePort === true ? BindFlag.reusePort : 0)
  );
}

/**
 * In a cluster worker, the primary owns the address, unless the program requests it with
 * `exclusive`.
 */
function listenAt(server: ServerImpl, target: ListenTarget, modes?: object): void {
  const { address, port, addressType, backlog, fd, exclusive, flags } = target;
  if (!exclusive && isClusterWorker()) {
    listenInCluster(server, target, modes);
  } else {
    server._listen2(address, port, addressType, backlog, fd, flags);
  }
}

const isLinkLocal = (address: string): boolean =>
  isIPv6(address) && /^fe[89ab]/i.test(address.padStart(4, '0'));

function lookupAndListen(server: ServerImpl, host: string, target: ListenTarget): void {
  const listeningId = server._listeningId;
  dnsModule().lookup(host, { all: true }, (error, addresses) => {
    if (listeningId !== server._listeningId) return;
    if (error) {
      server.emit('error', error);
      return;
    }
    const found = addresses.find(({ address }) => !isLinkLocal(address)) ?? addresses[0];
    listenAt(server, { ...target, address: found.address, addressType: found.family || 4 });
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

/** Listens with the handle of the server. */
function listenByHandle(server: ServerImpl, backlog: number): void {
  server._listen2(null, -1, -1, backlog, undefined, 0);
}

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
    listenByHandle(this, backlogArgument);
    return this;
  }

  const given = options;
  options = options._handle || options.handle || options;
  this._listeningId++;
  if (isNodeHandle(options)) {
    // Closing Node's handle of a bound pipe would unlink its name, so that handle goes on
    // accepting.
    const pipe = options.constructor.name === 'Pipe' && options.fd >= 0;
    this._handle = pipe ? (options as never) : takeNodeHandle(options);
    listenByHandle(this, backlogArgument);
    return this;
  }
  if (options instanceof Handle) {
    planServer(this, options instanceof Pipe, given);
    this._handle = options;
    listenByHandle(this, backlogArgument);
    return this;
  }
  closeOnAbort(this, options.signal);
  if (typeof options.fd === 'number' && options.fd >= 0) {
    planServer(this, guessHandleType(options.fd) === 'PIPE', given);
    listenAt(this, {
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

  // Without a port, any free port is used.
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
    const target: ListenTarget = {
      address: null,
      port: (options.port as number) | 0,
      addressType: 4,
      backlog: options.backlog || backlogArgument,
      exclusive: Boolean(options.exclusive),
      flags: flagsOf(options),
    };
    if (options.host) lookupAndListen(this, options.host, target);
    else listenAt(this, target);
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
  listenAt(
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
