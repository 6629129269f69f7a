import { chmodSync, closeSync, constants, lstatSync, openSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { binding } from '../native/binding';
import { debug } from '../base/diagnostics';
import { errnoByName } from '../native/errno';
import { ERR_INVALID_ARG_VALUE } from '../base/errors';
import type { Pipe } from '../native/handle';
import { validateBoolean, validateInteger } from '../base/validators';

/** Binding to the path of a unix socket: its mode, and what a crashed server left there. */

const UV_EADDRINUSE = errnoByName('EADDRINUSE');
const UV_ECONNREFUSED = errnoByName('ECONNREFUSED');

export interface PathOptions {
  /**
   * Permissions of the socket's path, say `0o660`: who may write may connect. They are in place
   * before the first connection can be made. Default: what the umask leaves. Not on Windows.
   */
  mode?: number | undefined;
  /**
   * Replaces a socket that nobody listens on any more, as a process leaves it that was killed. One
   * that is in use, or a file of another kind, is still EADDRINUSE. Default: false.
   */
  replaceStale?: boolean | undefined;
}

export function checkPathOptions(path: string, { mode, replaceStale }: PathOptions): void {
  if (mode !== undefined) {
    validateInteger(mode, 'options.mode', 0, 0o777);
    if (path.startsWith('\0')) {
      throw new ERR_INVALID_ARG_VALUE('options.mode', mode, 'an abstract socket has no mode');
    }
  }
  if (replaceStale !== undefined) validateBoolean(replaceStale, 'options.replaceStale');
}

/**
 * @returns 0 or a status
 * @throws the error of a chmod that failed
 */
export function bindPath(pipe: Pipe, path: string, options: PathOptions | undefined): number {
  let status = pipe.bind(path);
  if (status === UV_EADDRINUSE && options?.replaceStale === true) status = replace(pipe, path);
  // Until listen() every connect is refused, so nobody gets in under the wrong mode.
  if (status === 0 && options?.mode !== undefined && process.platform !== 'win32') {
    chmodSync(path, options.mode);
  }
  return status;
}

/**
 * Binds in place of a socket that no process holds. Others may be about to do the same, and one of
 * them may have the path by now: so each looks, removes and binds under the lock of the directory,
 * which leaves no file behind and ends with its process.
 */
function replace(pipe: Pipe, path: string): number {
  if (path.startsWith('\0') || process.platform === 'win32') return UV_EADDRINUSE;
  const lock = lockDirectory(dirname(path));
  try {
    if (isAbandoned(path)) unlinkSync(path);
    return pipe.bind(path);
  } catch (error) {
    debug('listen: %s is not replaced: %s', path, (error as Error).message);
    return UV_EADDRINUSE;
  } finally {
    if (lock !== undefined) closeSync(lock);
  }
}

/** A descriptor that holds the lock, where it can be had, until it is closed. */
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
