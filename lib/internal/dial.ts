import { clearTimeout, setTimeout } from 'node:timers';
import * as dns from 'node:dns';
import type { BlockList, LookupFunction, TcpNetConnectOpts } from 'node:net';
import { checkAttemptTimeout } from './defaults';
import * as defaults from './defaults';
import { debug } from './diagnostics';
import { errnoByName } from './errno';
import {
  ERR_INVALID_ADDRESS_FAMILY,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
  ERR_INVALID_IP_ADDRESS,
  ERR_IP_BLOCKED,
  ERR_SOCKET_CONNECTION_TIMEOUT,
  aggregateError,
  exceptionWithHostPort,
} from './errors';
import { Pipe, TCP, type Handle, type SocketName } from './handle';
import { isIP } from './ip';
import { presetHandle, refusal } from './option-methods';
import type { SocketImpl } from './socket-state';
import { kBoundSource, kHandle } from './symbols';
import {
  validateBoolean,
  validateFunction,
  validateNumber,
  validatePort,
  validateStringWithoutNullBytes,
} from './validators';

const UV_EADDRINUSE = errnoByName('EADDRINUSE');
const UV_ECANCELED = errnoByName('ECANCELED');
const UV_ETIMEDOUT = errnoByName('ETIMEDOUT');

type Family = 4 | 6;

/** One attempt: where from and where to. */
interface Target {
  address: string;
  port: number;
  family: Family;
  localAddress?: string | undefined;
  localPort?: number | undefined;
}

interface DialOptions extends TcpNetConnectOpts {
  autoSelectFamilyAttemptTimeout?: number;
}

/** What a finished connection is handed to (see socket.ts). */
export interface Connected {
  (socket: SocketImpl): void;
}

export function anyAddress(family: number): string {
  return family === 6 ? '::' : '0.0.0.0';
}

/**
 * An address in use may not show before listen() or connect(); worse, after a failed bind those
 * would take a random port. So the port that the handle really has is compared.
 */
export function checkBind(status: number, port: number, handle: Handle): number {
  if (status !== 0 || !(port > 0) || !(handle instanceof TCP)) return status;
  const name: SocketName = {};
  const result = handle.getsockname(name);
  return result === 0 && name.port !== port ? UV_EADDRINUSE : result;
}

function bindLocal(handle: TCP, target: Target): Error | undefined {
  const { family, localPort = 0 } = target;
  if (!target.localAddress && !localPort) return undefined;
  const address = target.localAddress || anyAddress(family);
  const bound = family === 6 ? handle.bind6(address, localPort) : handle.bind(address, localPort);
  const status = checkBind(bound, localPort, handle);
  target.localAddress = address;
  if (status === 0) return undefined;
  return refusal(handle, status) ?? exceptionWithHostPort(status, 'bind', address, localPort);
}

function startConnect(handle: TCP, target: Target, callback: (status: number) => void): number {
  return target.family === 6
    ? handle.connect6(target.address, target.port, callback)
    : handle.connect(target.address, target.port, callback);
}

/** An error of connect(2) that was reported at once: it names the local end as it is. */
function immediateError(socket: SocketImpl, status: number, address: string, port?: number): Error {
  const refused = refusal(socket[kHandle], status);
  if (refused !== undefined) return refused;
  const { address: localAddress, port: localPort } = socket._getsockname();
  return exceptionWithHostPort(status, 'connect', address, port, `${localAddress}:${localPort}`);
}

function attemptError(status: number, target: Target): Error {
  const local =
    target.localAddress && target.localPort
      ? `${target.localAddress}:${target.localPort}`
      : undefined;
  const error = exceptionWithHostPort(status, 'connect', target.address, target.port, local);
  if (local !== undefined) {
    Object.assign(error, { localAddress: target.localAddress, localPort: target.localPort });
  }
  return error;
}

const isBlocked = (list: BlockList | undefined, { address, family }: Target): boolean =>
  list?.check(address, `ipv${family}`) === true;

/** Connects to the one address there is. */
function dialOne(socket: SocketImpl, target: Target, connected: Connected): void {
  const handle = socket[kHandle] as TCP;
  const bindError = presetHandle(socket, handle) ?? bindLocal(handle, target);
  if (bindError !== undefined) {
    socket.destroy(bindError);
    return;
  }
  const { address, port, family } = target;
  debug('connect: attempting %s:%d (IPv%d)', address, port, family);
  socket.emit('connectionAttempt', address, port, family);
  if (isBlocked(socket.blockList, target)) {
    socket.destroy(new ERR_IP_BLOCKED(address));
    return;
  }
  const status = startConnect(handle, target, (result) => {
    if (socket.destroyed) return;
    if (result === 0) {
      connected(socket);
    } else {
      const error = attemptError(result, target);
      socket.connecting = false;
      socket._sockname = null;
      socket.emit('connectionAttemptFailed', address, port, family, error);
      socket.destroy(error);
    }
  });
  if (status !== 0) socket.destroy(immediateError(socket, status, address, port));
}

export function dialPipe(socket: SocketImpl, path: string, connected: Connected): void {
  socket.emit('connectionAttempt', path, undefined, undefined);
  const status = (socket[kHandle] as Pipe).connect(path, (result) => {
    if (socket.destroyed) return;
    if (result === 0) {
      connected(socket);
    } else {
      const error = exceptionWithHostPort(result, 'connect', path);
      socket.connecting = false;
      socket._sockname = null;
      socket.emit('connectionAttemptFailed', path, undefined, undefined, error);
      socket.destroy(error);
    }
  });
  if (status !== 0) socket.destroy(immediateError(socket, status, path));
}

/** Node's own algorithm: one address after the other, each for the attempt timeout. */
class SequentialDial {
  private readonly errors: Error[] = [];
  private current = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: SocketImpl,
    private readonly targets: readonly Target[],
    private readonly timeout: number,
    private readonly connected: Connected,
  ) {}

  next(canceled = false): void {
    const { socket, targets } = this;
    clearTimeout(this.timer);
    if (socket._aborted) return;
    if (canceled || this.current === targets.length) {
      socket.destroy(
        this.errors.length === 0
          ? new ERR_SOCKET_CONNECTION_TIMEOUT()
          : aggregateError(this.errors),
      );
      return;
    }

    const index = this.current++;
    if (index > 0) reinitialize(socket, new TCP());
    const handle = socket[kHandle] as TCP;
    const target = targets[index]!;
    const { address, port, family } = target;

    const bindError = presetHandle(socket, handle) ?? bindLocal(handle, target);
    if (bindError !== undefined) {
      this.errors.push(bindError);
      this.next();
      return;
    }
    if (isBlocked(socket.blockList, target)) {
      this.fail(target, new ERR_IP_BLOCKED(address));
      this.next();
      return;
    }
    debug('connect: attempting %s:%d (IPv%d)', address, port, family);
    socket.emit('connectionAttempt', address, port, family);
    if (!socket.connecting || socket[kHandle] !== handle) return;
    socket.autoSelectFamilyAttemptedAddresses!.push(`${address}:${port}`);

    const status = startConnect(handle, target, (result) => this.done(index, handle, result));
    if (status !== 0) {
      this.fail(target, immediateError(socket, status, address, port));
      this.next();
      return;
    }
    if (index < targets.length - 1) {
      this.timer = setTimeout(() => this.timedOut(target, handle), this.timeout);
    }
  }

  private fail({ address, port, family }: Target, error: Error): void {
    this.errors.push(error);
    this.socket.emit('connectionAttemptFailed', address, port, family, error);
  }

  private done(index: number, handle: Handle, status: number): void {
    clearTimeout(this.timer);
    const { socket } = this;
    if (status === 0) {
      if (index !== this.current - 1 || socket.destroyed) handle.close();
      else this.connected(socket);
      return;
    }
    const target = this.targets[index]!;
    this.fail(target, attemptError(status, target));
    if (socket.connecting) this.next(status === UV_ECANCELED);
  }

  private timedOut(target: Target, handle: TCP): void {
    const { socket } = this;
    socket.emit('connectionAttemptTimeout', target.address, target.port, target.family);
    handle.connectCallback = null;
    this.errors.push(attemptError(UV_ETIMEDOUT, target));
    handle.close();
    if (socket.connecting) this.next();
  }
}

/** Gives a socket another handle in the middle of connecting. */
function reinitialize(socket: SocketImpl, handle: TCP): void {
  socket[kHandle]?.close();
  socket[kHandle] = handle;
  handle.owner = socket;
  socket._sockname = null;
}

const FAMILIES: Record<string, number> = { IPv4: 4, IPv6: 6 };

/** Connects a socket over TCP: checks the options, resolves the name, dials. */
export function dialTcp(socket: SocketImpl, options: DialOptions, connected: Connected): void {
  const { localAddress, localPort } = options;
  const host = options.host || 'localhost';
  validateStringWithoutNullBytes(host, 'options.host');

  const bound = socket[kBoundSource] === true;
  if (bound && (localAddress !== undefined || localPort !== undefined)) {
    throw new ERR_INVALID_ARG_VALUE(
      'options',
      options,
      'localAddress and localPort cannot be used with an adopted bound socket',
    );
  }
  if (localAddress && !isIP(localAddress)) throw new ERR_INVALID_IP_ADDRESS(localAddress);
  if (localPort) validateNumber(localPort, 'options.localPort');

  const { port: givenPort } = options as { port: unknown };
  if (givenPort !== undefined) {
    if (typeof givenPort !== 'number' && typeof givenPort !== 'string') {
      throw new ERR_INVALID_ARG_TYPE('options.port', ['number', 'string'], givenPort);
    }
    validatePort(givenPort);
  }
  const port = (givenPort as number) | 0;

  let autoSelectFamily = defaults.getDefaultAutoSelectFamily();
  if (bound) autoSelectFamily = false;
  else if (options.autoSelectFamily != null) {
    validateBoolean(options.autoSelectFamily, 'options.autoSelectFamily');
    autoSelectFamily = options.autoSelectFamily;
  }
  const timeout =
    options.autoSelectFamilyAttemptTimeout != null
      ? checkAttemptTimeout(
          options.autoSelectFamilyAttemptTimeout,
          'options.autoSelectFamilyAttemptTimeout',
        )
      : defaults.getDefaultAutoSelectFamilyAttemptTimeout();

  const target = (address: string, family: number): Target => ({
    address,
    port,
    family: family as Family,
    localAddress,
    localPort,
  });
  const literal = isIP(host);
  if (literal !== 0) {
    // An adopted socket's local address is to be seen in this very tick.
    if (bound) {
      dialOne(socket, target(host, literal), connected);
    } else {
      process.nextTick(() => {
        if (socket.connecting) dialOne(socket, target(host, literal), connected);
      });
    }
    return;
  }

  if (options.lookup != null) validateFunction(options.lookup, 'options.lookup');
  const lookup = options.lookup ?? (dns.lookup as unknown as LookupFunction);
  const family = FAMILIES[options.family as unknown as string] ?? options.family;
  const query: dns.LookupOptions = { family: family as number, hints: options.hints || 0 };
  const anyFamily = family !== 4 && family !== 6;
  if (process.platform !== 'win32' && anyFamily && query.hints === 0) {
    query.hints = dns.ADDRCONFIG;
  }
  socket._host = host;
  debug('connect: looking up %s', host, query);

  if (anyFamily && !localAddress && autoSelectFamily) {
    query.all = true;
    lookup(host, query, (error, addresses) => {
      onAllAddresses(socket, options, error, addresses as dns.LookupAddress[], (usable) => {
        socket._unrefTimer();
        const targets = usable.map((found) => target(found.address, found.family));
        if (targets.length === 1) {
          dialOne(socket, targets[0]!, connected);
          return;
        }
        socket.autoSelectFamilyAttemptedAddresses = [];
        new SequentialDial(socket, targets, timeout, connected).next();
      });
    });
    return;
  }

  lookup(host, query, (error, address, foundFamily) => {
    socket.emit('lookup', error, address, foundFamily, host);
    if (!socket.connecting) return;
    let failure: Error | null = error;
    if (failure === null || failure === undefined) {
      if (typeof address !== 'string' || !isIP(address)) {
        failure = new ERR_INVALID_IP_ADDRESS(address as unknown as string);
      } else if (foundFamily !== 4 && foundFamily !== 6) {
        failure = invalidFamily(foundFamily, options);
      }
    }
    if (failure) {
      destroyLater(socket, failure);
      return;
    }
    socket._unrefTimer();
    dialOne(socket, target(address as string, foundFamily!), connected);
  });
}

function invalidFamily(family: unknown, options: DialOptions): Error {
  return new ERR_INVALID_ADDRESS_FAMILY(
    family as string,
    options.host as string,
    options.port as unknown as string,
  );
}

/** Whoever called connect() has had no chance to listen for errors yet. */
function destroyLater(socket: SocketImpl, error: Error): void {
  process.nextTick(() => socket.destroy(error));
}

/** Sorts the resolver's answer: valid ones only, each once, families in turn. */
function onAllAddresses(
  socket: SocketImpl,
  options: DialOptions,
  error: Error | null,
  addresses: dns.LookupAddress[],
  use: (usable: dns.LookupAddress[]) => void,
): void {
  if (!socket.connecting) return;
  if (error) {
    socket.emit('lookup', error, undefined, undefined, socket._host);
    destroyLater(socket, error);
    return;
  }
  const groups = new Map<number, Map<string, dns.LookupAddress>>();
  for (const found of addresses) {
    const { address, family } = found;
    socket.emit('lookup', error, address, family, socket._host);
    if (!socket.connecting) return;
    if (!isIP(address) || (family !== 4 && family !== 6)) continue;
    let group = groups.get(family);
    if (group === undefined) groups.set(family, (group = new Map()));
    if (!group.has(address)) group.set(address, found);
  }
  if (groups.size === 0) {
    const { address, family } = addresses[0]!;
    destroyLater(
      socket,
      isIP(address) ? invalidFamily(family, options) : new ERR_INVALID_IP_ADDRESS(address),
    );
    return;
  }
  use(interleave([...groups.values()].map((group) => [...group.values()])));
}

/** One of each list in turn, as long as they last. */
function interleave<Item>(lists: Item[][]): Item[] {
  const longest = Math.max(...lists.map((list) => list.length));
  const result: Item[] = [];
  for (let i = 0; i < longest; i++) {
    for (const list of lists) if (i < list.length) result.push(list[i]!);
  }
  return result;
}
