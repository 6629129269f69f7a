import { fstatSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { debug } from '../internal/base/diagnostics';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_ARG_VALUE,
  ERR_INVALID_STATE,
  ERR_WORKER_UNSUPPORTED_OPERATION,
} from '../internal/base/errors';
import { validateBoolean, validateObject, validateString } from '../internal/base/validators';
import { binding } from '../internal/native/binding';
import { guessHandleType } from '../internal/native/descriptor';

/** The listening sockets that systemd has opened for this process: sd_listen_fds(3). */

/** A listening socket that was passed to this process. */
export interface ListenFd {
  /** The descriptor, for `listen({ fd })`. The server that listens on it closes it. */
  readonly fd: number;
  /** Its name (`FileDescriptorName=` in systemd.socket(5)), or `'unknown'`. */
  readonly name: string;
}

export interface ListenFdsOptions {
  /** Returns the sockets with this name only. The others are not checked. Default: all. */
  name?: string | undefined;
  /**
   * Removes the variables from `process.env`, even if this call throws. Programs that this process
   * starts, and later calls, then do not see them. Default: false.
   */
  unset?: boolean | undefined;
}

/** The first descriptor behind the standard ones; SD_LISTEN_FDS_START in systemd. */
const FIRST = 3;
/** The name that systemd uses if it knows none. */
const UNNAMED = 'unknown';
const variables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'];

/** The sockets that an earlier call has returned, by descriptor: a closed one is used again. */
const known = new Map<number, number>();

function numberIn(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) {
    throw new ERR_INVALID_ARG_VALUE(`process.env.${variable}`, text, 'must be a number');
  }
  return Number(text);
}

/** The names that the variables give to the descriptors, in order. */
function passedNames(): string[] {
  const pid = numberIn('LISTEN_PID');
  const count = numberIn('LISTEN_FDS');
  if (pid === undefined || count === undefined) return [];
  if (pid !== process.pid) {
    debug('listenFds: LISTEN_PID is %d, but this process is %d', pid, process.pid);
    return [];
  }
  const list = process.env['LISTEN_FDNAMES'];
  if (list === undefined) return Array.from({ length: count }, () => UNNAMED);
  const names = list === '' && count === 0 ? [] : list.split(':');
  if (names.length !== count) {
    const reason = `must have ${count} names, as LISTEN_FDS says`;
    throw new ERR_INVALID_ARG_VALUE('process.env.LISTEN_FDNAMES', list, reason);
  }
  return names;
}

function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino;
  } catch {
    return undefined;
  }
}

/** Throws if the descriptor is not, or no longer, a listening socket that was passed. */
function check({ fd, name }: ListenFd): void {
  const wrong = (what: string): Error =>
    new ERR_INVALID_STATE(`descriptor ${fd} ('${name}') of LISTEN_FDS ${what}`);
  const earlier = known.get(fd);
  const ino = inodeOf(fd);
  if (earlier !== undefined && earlier !== ino) throw wrong('was closed');
  if (ino === undefined) throw wrong('is not open');
  if (binding.isListeningDescriptor(fd) !== 1) {
    throw wrong(`is not a listening socket, but of type ${guessHandleType(fd)}`);
  }
  known.set(fd, ino);
}

/**
 * Returns the listening sockets that systemd, or another program with the same protocol, has passed
 * to this process (socket activation). The list is empty if there are none, or if they are meant
 * for another process. Programs that this process starts do not inherit them, because Node marks
 * all descriptors that it finds at its start.
 *
 * A second call returns the same descriptors, as long as they are open.
 *
 * @throws ERR_INVALID_ARG_VALUE if a variable is malformed; ERR_INVALID_STATE if a descriptor is
 *   closed, or is not a listening socket; ERR_WORKER_UNSUPPORTED_OPERATION in a worker thread,
 *   because descriptors belong to the process; ERR_FEATURE_UNAVAILABLE_ON_PLATFORM on Windows
 */
export function listenFds(options: ListenFdsOptions = {}): ListenFd[] {
  validateObject(options, 'options');
  const { name: wanted, unset = false } = options;
  if (wanted !== undefined) validateString(wanted, 'options.name');
  validateBoolean(unset, 'options.unset');
  if (process.platform === 'win32') throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('listenFds()');
  if (!isMainThread) throw new ERR_WORKER_UNSUPPORTED_OPERATION('listenFds()');
  try {
    const found: ListenFd[] = [];
    passedNames().forEach((name, index) => {
      if (wanted !== undefined && name !== wanted) return;
      const one = { fd: FIRST + index, name };
      check(one);
      found.push(one);
    });
    return found;
  } finally {
    if (unset) for (const variable of variables) Reflect.deleteProperty(process.env, variable);
  }
}
