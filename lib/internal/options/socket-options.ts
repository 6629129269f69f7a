import { Buffer } from 'node:buffer';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
} from '../base/errors';
import { errnoException, type SystemError } from '../base/system-errors';
import { distance } from './near-names';
import {
  socketOptionTable,
  trafficClassBytes,
  type SocketOptionName,
  type SocketOptionRow,
} from './socket-option-types';
import {
  validateBoolean,
  validateInteger,
  validateStringWithoutNullBytes,
} from '../base/validators';

/**
 * Socket options in JavaScript: it looks up names, checks and encodes values, and sorts options
 * into the order that the kernel needs. The table is native/options/socket_options.def.
 */

/** The role of the socket. One name can mean different options of the kernel (`fastOpen`). */
export type Role = 'connect' | 'listen';

/** An option that the kernel refused; `option` is its name. */
interface SocketOptionError extends SystemError {
  option: string;
}

/** The form that the native code takes: a row of the table and its encoded value, in turn. */
export type EncodedOptions = (number | string)[];

/** The options of one connection or server, checked and in the order of the table. */
export interface OptionPlan {
  readonly settings: EncodedOptions;
  /**
   * The row of `multipath` if it is requested, else -1. The protocol is chosen when a socket is
   * made.
   */
  readonly protocol: number;
}

/** The stages at which options are set, with the numbers of OptionStage in socket_options.h. */
export const Stage = { bind: 1, any: 4 } as const;

/** No choice of protocol. */
const DEFAULT_PROTOCOL = -1;

/** The native value for linger turned off. */
const LINGER_OFF = -1;

/**
 * The queue length for `fastOpen: true` of a listener: connections whose handshake is not complete.
 */
const FAST_OPEN_QUEUE = 256;

const CAPTION = 'socket option';

type RowMap = ReadonlyMap<string, number>;

const rowsOf: Record<Role, RowMap> = { connect: rowsFor('connect'), listen: rowsFor('listen') };

function rowsFor(role: Role): RowMap {
  const rows = new Map<string, number>();
  // Options without a meaning in this role come last, so that options of the same name win.
  const foreign = role === 'connect' ? 'OnlyListener' : 'Never';
  for (const wanted of [false, true]) {
    socketOptionTable.forEach(({ name, server }, row) => {
      if ((server === foreign) === wanted && !rows.has(name)) rows.set(name, row);
    });
  }
  return rows;
}

// ---------------------------------------------------------------------------------------------
// Names

/** The words of `camelCase` and `SNAKE_CASE`, without the prefixes of C. */
function words(name: string): string[] {
  const text = name.replace(/^(?:so|tcp|ip|ipv6)_/i, '');
  const parts = text === text.toUpperCase() ? [text] : text.split(/(?=[A-Z])/);
  return parts.flatMap((part) => part.toLowerCase().split(/[^a-z0-9]+/)).filter(Boolean);
}

const isPart = (some: readonly string[], all: readonly string[]): boolean =>
  some.length > 0 && some.every((word) => all.includes(word));

/** Names that the program may have meant: similar names, and options with the given name in C. */
function nearNames(given: string): SocketOptionName[] {
  const wanted = words(given);
  const spelling = wanted.join('');
  const limit = Math.max(1, Math.floor(spelling.length / 3));
  const scores = new Map<SocketOptionName, number>();
  for (const { name, kernelNames } of socketOptionTable) {
    const own = words(name);
    let score = distance(spelling, own.join(''));
    if (isPart(wanted, own) || isPart(own, wanted)) score = Math.min(score, limit);
    if (kernelNames.includes(given.toUpperCase())) score = 0;
    if (score <= limit) scores.set(name, score);
  }
  return [...scores]
    .sort(([, one], [, other]) => one - other)
    .slice(0, 3)
    .map(([name]) => name);
}

function unknownName(name: string): Error {
  const near = nearNames(name).map((one) => `'${one}'`);
  const hint = near.length === 0 ? '' : ` (did you mean ${near.join(' or ')}?)`;
  return new ERR_INVALID_ARG_VALUE('name', name, `is not a ${CAPTION}${hint}`);
}

function checkPlatform(row: SocketOptionRow): void {
  if (row.platforms.includes(process.platform)) return;
  throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`${CAPTION} '${row.name}'`);
}

/**
 * Returns the row of an option.
 *
 * @param name - as the program gave it
 * @throws ERR_INVALID_ARG_VALUE for an unknown name, with similar names in the message;
 *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM if this platform has no such option
 */
export function findOption(name: unknown, role: Role): number {
  if (typeof name !== 'string') throw new ERR_INVALID_ARG_TYPE('name', 'string', name);
  const row = rowsOf[role].get(name);
  if (row === undefined) throw unknownName(name);
  checkPlatform(socketOptionTable[row]);
  return row;
}

// ---------------------------------------------------------------------------------------------
// Values

/**
 * The traffic class as a byte.
 *
 * @param value - 0 to 255, or the name of a DSCP
 * @param name - the argument's name for errors
 */
export function trafficClass(value: unknown, name: string): number {
  if (typeof value === 'string') {
    const byte = (trafficClassBytes as Record<string, number | undefined>)[value.toUpperCase()];
    if (byte === undefined) {
      throw new ERR_INVALID_ARG_VALUE(name, value, 'is not the name of a DSCP');
    }
    return byte;
  }
  validateInteger(value, name, 0, 255);
  return value;
}

/** Checks the value of an option and encodes it for the native code. */
export function encodeOption(row: number, value: unknown, argument: string): number | string {
  const { kind, minimum, maximum } = socketOptionTable[row];
  switch (kind) {
    case 'Flag':
    case 'Protocol':
      validateBoolean(value, argument);
      return value ? 1 : 0;
    case 'TrafficClass':
      return trafficClass(value, argument);
    case 'Linger':
      if (value === false) return LINGER_OFF;
      break;
    case 'QueueLength':
      if (typeof value === 'boolean') return value ? FAST_OPEN_QUEUE : 0;
      break;
    case 'Text':
    case 'Interface':
      validateStringWithoutNullBytes(value, argument);
      if (Buffer.byteLength(value) < minimum || Buffer.byteLength(value) > maximum) {
        const reason = `must have between ${minimum} and ${maximum} bytes`;
        throw new ERR_INVALID_ARG_VALUE(argument, value, reason);
      }
      return value;
    default:
  }
  validateInteger(value, argument, minimum, maximum);
  return value;
}

/** The opposite of `encodeOption`. */
export function decodeOption(row: number, value: number | string): number | string | boolean {
  const { kind } = socketOptionTable[row];
  if (kind === 'Flag' || kind === 'Protocol') return value === 1;
  if (kind === 'Linger' && value === LINGER_OFF) return false;
  return value;
}

// ---------------------------------------------------------------------------------------------
// Lists

/**
 * Options of `node:net`, which sockets and servers handle as Node does. On Windows this includes
 * the type of service, which the system may refuse without harm.
 */
const nodeOptions: Record<Role, ReadonlySet<string>> = {
  connect: new Set([
    'noDelay',
    'keepAlive',
    'keepAliveInitialDelay',
    ...(process.platform === 'win32' ? ['typeOfService'] : []),
  ]),
  listen: new Set(['noDelay', 'keepAlive', 'keepAliveInitialDelay', 'ipv6Only', 'reusePort']),
};

/**
 * Collects the socket options from the options of `connect`, `listen` or `createServer`. It ignores
 * other properties, because these objects contain many others.
 *
 * @param local - a Unix socket or named pipe
 * @param kept - options by row that were encoded before
 * @param sources - later ones win
 * @returns undefined if there are none
 */
export function planOptions(
  role: Role,
  local: boolean,
  kept: ReadonlyMap<number, number | string> | undefined,
  ...sources: readonly (object | null | undefined)[]
): OptionPlan | undefined {
  let found = kept === undefined ? undefined : new Map(kept);
  if (kept !== undefined) for (const [row, value] of kept) checkDomain(row, value, local);
  const rows = rowsOf[role];
  for (const source of sources) {
    // Inherited properties count, as everywhere in node:net.
    for (const name in source) {
      const row = rows.get(name);
      if (row === undefined || nodeOptions[role].has(name)) continue;
      const value = (source as Record<string, unknown>)[name];
      if (value === undefined) continue;
      found ??= new Map();
      found.set(row, checkListed(row, value, `options.${name}`, role, local));
    }
  }
  return found === undefined ? undefined : makePlan(found);
}

function checkDomain(index: number, value: unknown, local: boolean): void {
  const { name, domain } = socketOptionTable[index];
  if (!local || domain !== 'Tcp') return;
  throw new ERR_INVALID_ARG_VALUE(`options.${name}`, value, 'applies to TCP sockets only');
}

function checkListed(
  index: number,
  value: unknown,
  argument: string,
  role: Role,
  local: boolean,
): number | string {
  const row = socketOptionTable[index];
  checkPlatform(row);
  const encoded = encodeOption(index, value, argument);
  checkDomain(index, value, local);
  if (row.server === (role === 'connect' ? 'OnlyListener' : 'Never')) {
    const reason = `applies to ${role === 'connect' ? 'servers' : 'sockets that connect'} only`;
    throw new ERR_INVALID_ARG_VALUE(argument, value, reason);
  }
  return encoded;
}

/** Options by row, put into the order of the table. */
export function makePlan(found: ReadonlyMap<number, number | string>): OptionPlan | undefined {
  if (found.size === 0) return undefined;
  const settings: EncodedOptions = [];
  let protocol = DEFAULT_PROTOCOL;
  for (const row of [...found.keys()].sort((one, other) => one - other)) {
    const value = found.get(row)!;
    if (socketOptionTable[row].kind !== 'Protocol') settings.push(row, value);
    else if (value === 1) protocol = row;
  }
  return { settings, protocol };
}

/** The options of a server, divided by the socket they are set on. */
interface ServerPlan {
  readonly listener: OptionPlan;
  readonly accepted: EncodedOptions;
}

/**
 * Divides the options of a server. Options that the kernel does not copy are set on each accepted
 * socket, the others on the listening socket. Only for TCP on Linux is it known that the kernel
 * copies them.
 */
export function splitServerPlan(plan: OptionPlan, local: boolean): ServerPlan {
  const copies = process.platform === 'linux' && !local;
  const listener: EncodedOptions = [];
  const accepted: EncodedOptions = [];
  for (let i = 0; i < plan.settings.length; i += 2) {
    const pair = plan.settings.slice(i, i + 2);
    const { server } = socketOptionTable[pair[0] as number];
    if (server !== 'Each') listener.push(...pair);
    if (server === 'Each' || (server === 'Inherited' && !copies)) {
      accepted.push(...pair);
    }
  }
  return { listener: { settings: listener, protocol: plan.protocol }, accepted };
}

// ---------------------------------------------------------------------------------------------
// Refusals

/**
 * The error of an option that the kernel refused.
 *
 * @param status - libuv status, negative
 * @param syscall - the failed call; the choice of a protocol fails in socket(2)
 */
export function optionError(
  status: number,
  syscall: 'setsockopt' | 'getsockopt',
  row: number,
): SocketOptionError {
  const { name, kind } = socketOptionTable[row];
  const call = kind === 'Protocol' && syscall === 'setsockopt' ? 'socket' : syscall;
  return Object.assign(errnoException(status, call, name), { option: name });
}
