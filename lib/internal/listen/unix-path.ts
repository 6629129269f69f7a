import { closeSync, constants, lstatSync, openSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { binding, errnoByName } from '../native/binding';
import { debug } from '../base/diagnostics';
import { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_INVALID_ARG_VALUE } from '../base/errors';
import type { Pipe } from '../native/pipe';
import { validateBoolean, validateInteger } from '../base/validators';

/**
 * Binds to the path of a Unix socket, sets its mode, and replaces the socket of a crashed server.
 */

const UV_EADDRINUSE = errnoByName('EADDRINUSE');
const UV_ECONNREFUSED = errnoByName('ECONNREFUSED');

export interface PathOptions {
  /**
   * Permissions of the socket's path, for example `0o660`. Users with write permission may connect.
   * The permissions are set before the first connection can be made. On Windows, `listen()` throws
   * ERR_FEATURE_UNAVAILABLE_ON_PLATFORM.
   * Default: set by the umask.
   */
  mode?: number | undefined;
  /**
   * Whether to replace a socket that no process listens on any more, for example after a process
   * was killed. If the socket is in use or the file is of another kind, `listen` still fails with
   * EADDRINUSE. Default: false.
   */
  replaceStale?: boolean | undefined;
}

export function checkPathOptions(path: string, { mode, replaceStale }: PathOptions): void {
  if (mode !== undefined) {
    validateInteger(mode, 'options.mode', 0, 0o777);
    // To ignore it would let everybody in.
    if (process.platform === 'win32') throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('mode');
    if (path.startsWith('\0')) {
      throw new ERR_INVALID_ARG_VALUE('options.mode', mode, 'an abstract socket has no mode');
    }
  }
  if (replaceStale !== undefined) validateBoolean(replaceStale, 'options.replaceStale');
}

/** @returns 0 or a status */
export function bindPath(pipe: Pipe, path: string, options: PathOptions | undefined): number {
  const status = options?.replaceStale === true ? bindOver(pipe, path) : pipe.bind(path);
  // The kernel refuses every connect until listen(), so no connection is made under the wrong mode.
  return status === 0 ? setMode(path, options, false) : status;
}

/**
 * Sets the mode of a path that the primary of a cluster has bound and already listens on. It may
 * only give access to more users.
 *
 * @returns 0 or a status: UV_EACCES if the path gave access to too many users before
 */
export function widenMode(path: string, options: PathOptions | undefined): number {
  return setMode(path, options, true);
}

function setMode(path: string, options: PathOptions | undefined, onlyMore: boolean): number {
  if (options?.mode === undefined) return 0;
  return binding.setSocketMode(path, options.mode, onlyMore);
}

/**
 * Binds, and replaces a socket that no process uses. Other processes may do the same, and one of
 * them may have bound the path in the meantime. So each process binds, or checks, removes and
 * binds, while it holds the lock of the directory. The lock leaves no file behind and ends with its
 * process.
 */
function bindOver(pipe: Pipe, path: string): number {
  // The name of an abstract socket or of a Windows pipe ends with its process.
  if (path.startsWith('\0') || process.platform === 'win32') return pipe.bind(path);
  const lock = lockDirectory(dirname(path));
  try {
    const status = pipe.bind(path);
    return status === UV_EADDRINUSE && remove(path) ? pipe.bind(path) : status;
  } finally {
    if (lock !== undefined) closeSync(lock);
  }
}

/** Removes a socket that no process uses. Returns false if there is no such socket. */
function remove(path: string): boolean {
  try {
    if (!isAbandoned(path)) return false;
    unlinkSync(path);
    return true;
  } catch (error) {
    debug('listen: %s is not replaced: %s', path, (error as Error).message);
    return false;
  }
}

/**
 * Locks the directory, if possible. Returns a descriptor that holds the lock until it is closed.
 */
function lockDirectory(directory: string): number | undefined {
  try {
    const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    const status = binding.lockFile(descriptor);
    if (status !== 0) debug('listen: %s is not locked: %s', directory, getSystemErrorName(status));
    return descriptor;
  } catch (error) {
    debug('listen: %s is not locked: %s', directory, (error as Error).message);
    return undefined;
  }
}

const isAbandoned = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true &&
  binding.pathProbe(path) === UV_ECONNREFUSED;
