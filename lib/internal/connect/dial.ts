import type { TcpNetConnectOpts } from 'node:net';
import { errnoByName } from '../native/binding';
import {
  checkAttemptTimeout,
  MIN_ATTEMPT_TIMEOUT,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
} from './defaults';
import { debug } from '../base/diagnostics';
import {
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
  ERR_INVALID_IP_ADDRESS,
} from '../base/errors';
import { exceptionWithHostPort } from '../base/system-errors';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import { anyAddress, isIP } from '../base/ip';
import { isFamily, lookupAll, lookupBoth, lookupOne, queryOf, type UseTargets } from './lookup';
import { attempt, ConnectCall, type Destination, type Target } from './attempt';
import { Race, type RaceSettings } from './race';
import type { Dialling } from './dialling';
import { kBoundSource } from '../base/symbols';
import {
  validateBoolean,
  validateFunction,
  validateInt32,
  validateNumber,
  validateOneOf,
  validatePort,
  validateStringWithoutNullBytes,
} from '../base/validators';

/** The main part of `connect()`: it checks the options, resolves the name and starts the race. */

const UV_EINVAL = errnoByName('EINVAL');

/**
 * How many attempts may run at the same time. Each costs a descriptor and a half-open connection.
 */
const DEFAULT_CONCURRENCY = 4;
/** RFC 8305, section 4. */
const DEFAULT_FIRST_ADDRESS_FAMILY_COUNT = 1;

/** The options of `connect()` for making the connection; see docs/CONNECTING.md. */
export interface DialOptions extends TcpNetConnectOpts {
  /** How several addresses are tried. `'sequential'` behaves like `node:net`. Default: `'race'`. */
  autoSelectFamilyStrategy?: 'race' | 'sequential' | undefined;
  /**
   * Milliseconds until the next address is tried too, at least 10. Default: the value of
   * `getDefaultAutoSelectFamilyAttemptTimeout()`.
   */
  autoSelectFamilyAttemptTimeout?: number | undefined;
  /**
   * How many attempts may run at the same time. If all of them are late, the oldest is closed.
   * Default: 4.
   */
  connectConcurrency?: number | undefined;
  /**
   * How many addresses of the first family are tried before one of the other family. Default: 1.
   */
  firstAddressFamilyCount?: number | undefined;
  /** Time limit in milliseconds for the lookup and all attempts together. Default: 0, no limit. */
  connectTimeout?: number | undefined;
  /**
   * Whether to look up IPv6 and IPv4 addresses separately, and to start with the first result.
   * Default: false.
   */
  dualLookup?: boolean | undefined;
}

/** Connects a socket to a path: a Unix domain socket or a named pipe. */
export function dialPipe(socket: Dialling, path: string): void {
  attempt(new ConnectCall(socket), { address: path });
}

function dialInNextTick(call: ConnectCall, destination: Destination): void {
  if (call.isPending) attempt(call, destination);
}

function checkEndpoints(options: DialOptions, host: string, bound: boolean): void {
  const { localAddress, localPort } = options;
  validateStringWithoutNullBytes(host, 'options.host');
  if (bound && (localAddress !== undefined || localPort !== undefined)) {
    throw new ERR_INVALID_ARG_VALUE(
      'options',
      options,
      'localAddress and localPort cannot be used with an adopted bound socket',
    );
  }
  if (localAddress && !isIP(localAddress)) throw new ERR_INVALID_IP_ADDRESS(localAddress);
  if (localPort) validateNumber(localPort, 'options.localPort');

  const { port } = options as { port: unknown };
  if (port === undefined) return;
  if (typeof port !== 'number' && typeof port !== 'string') {
    throw new ERR_INVALID_ARG_TYPE('options.port', ['number', 'string'], port);
  }
  validatePort(port);
}

/** The given number, or the default. */
function numberOption(
  options: DialOptions,
  name: 'connectConcurrency' | 'firstAddressFamilyCount' | 'connectTimeout',
  minimum: number,
  fallback: number,
): number {
  const value = options[name];
  if (value == null) return fallback;
  validateInt32(value, `options.${name}`, minimum);
  return value;
}

/*
 * The defaults of the next two functions come from node:net, which takes a millisecond to load. If
 * there is only one address, nothing depends on them.
 */

function checkAutoSelectFamily({ autoSelectFamily }: DialOptions, single: boolean): boolean {
  if (autoSelectFamily == null) return !single && getDefaultAutoSelectFamily() === true;
  validateBoolean(autoSelectFamily, 'options.autoSelectFamily');
  return autoSelectFamily;
}

function attemptDelay(delay: unknown, single: boolean): number {
  if (delay != null) return checkAttemptTimeout(delay, 'options.autoSelectFamilyAttemptTimeout');
  return single ? MIN_ATTEMPT_TIMEOUT : getDefaultAutoSelectFamilyAttemptTimeout();
}

function settingsOf(options: DialOptions, host: string, single: boolean): RaceSettings {
  const { autoSelectFamilyAttemptTimeout: delay, autoSelectFamilyStrategy: strategy } = options;
  if (strategy != null) {
    validateOneOf(strategy, 'options.autoSelectFamilyStrategy', ['race', 'sequential']);
  }
  return {
    host,
    port: options.port | 0,
    localAddress: options.localAddress,
    localPort: options.localPort ?? 0,
    strategy: strategy ?? 'race',
    attemptDelay: attemptDelay(delay, single),
    connectTimeout: numberOption(options, 'connectTimeout', 0, 0),
    concurrency: numberOption(options, 'connectConcurrency', 1, DEFAULT_CONCURRENCY),
    firstAddressFamilyCount: numberOption(
      options,
      'firstAddressFamilyCount',
      1,
      DEFAULT_FIRST_ADDRESS_FAMILY_COUNT,
    ),
  };
}

/** Connects a socket over TCP. */
export function dialTcp(socket: Dialling, options: DialOptions): void {
  const host = options.host || 'localhost';
  const bound = socket[kBoundSource] === true;
  checkEndpoints(options, host, bound);
  const literal = isIP(host);
  const autoSelectFamily = checkAutoSelectFamily(options, literal !== 0) && !bound;
  const settings = settingsOf(options, host, literal !== 0);
  const { dualLookup = false } = options;
  validateBoolean(dualLookup, 'options.dualLookup');
  if (literal === 0 && options.lookup != null) validateFunction(options.lookup, 'options.lookup');

  const call = new ConnectCall(socket);
  const { port, localAddress, localPort, connectTimeout } = settings;
  // Only TCP handles of uvnet race. A handle that the program has passed in makes one attempt, as
  // in node:net.
  const races = call.handle instanceof TCP;
  let race: Race | undefined;
  if (races && (localAddress || localPort || connectTimeout > 0)) {
    race = call.race = new Race(call, settings);
    if (!bound && !race.startClock()) return;
  }
  const use: UseTargets = (targets, complete) => {
    if (!races) {
      dialNodeHandle(call, targets[0], settings);
    } else if (race === undefined && complete && targets.length === 1) {
      attempt(call, { ...targets[0], port });
    } else {
      call.race = race ??= new Race(call, settings);
      race.offer(targets, complete);
    }
  };

  if (literal !== 0) {
    const target = { address: host, family: literal };
    // The local address of a bound socket must be visible in this tick.
    if (bound) use([target], true);
    else if (race !== undefined || !races) {
      process.nextTick(() => call.isPending && use([target], true));
    } else process.nextTick(dialInNextTick, call, { ...target, port });
    return;
  }

  socket._host = host;
  const query = queryOf(host, options);
  debug('connect: find host %s', host);
  if (isFamily(query.family) || !autoSelectFamily) {
    lookupOne(call, query, use);
  } else if (options.localAddress) {
    lookupFrom(options.localAddress);
  } else if (dualLookup) {
    lookupBoth(call, query, use);
  } else {
    lookupAll(call, query, use);
  }

  /** From a local address, only addresses of its family can be reached. */
  function lookupFrom(localAddress: string): void {
    if (settings.strategy === 'sequential') {
      lookupOne(call, query, use);
      return;
    }
    const family = isIP(localAddress);
    lookupAll(call, { ...query, family }, (targets, complete) => {
      const reachable = targets.filter((target) => target.family === family);
      // If no address is reachable, the attempt reports the error.
      use(reachable.length > 0 ? reachable : targets.slice(0, 1), complete);
    });
  }
}

/** Connects with a handle that is not a TCP handle of uvnet: a pipe, or a handle of the program. */
function dialNodeHandle(call: ConnectCall, target: Target, settings: RaceSettings): void {
  const { port, localAddress, localPort } = settings;
  if (call.handle instanceof Pipe && (localAddress || localPort)) {
    const local = localAddress || anyAddress(target.family);
    call.fail(exceptionWithHostPort(UV_EINVAL, 'bind', local, localPort));
    return;
  }
  attempt(call, { ...target, port });
}
