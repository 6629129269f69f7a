import { closeSync, constants, lstatSync, openSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { binding, errnoByName } from '../native/binding';
import { debug } from '../base/diagnostics';
import { ERR_INVALID_ARG_VALUE } from '../base/errors';
import type { Pipe } from '../native/pipe';
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

/** @returns 0 or a status */
export function bindPath(pipe: Pipe, path: string, options: PathOptions | undefined): number {
  const status = options?.replaceStale === true ? bindOver(pipe, path) : pipe.bind(path);
  // Until listen() every connect is refused, so nobody gets in under the wrong mode.
  return status === 0 ? setMode(path, options, false) : status;
}

/**
 * The mode of a path that the primary of a cluster has bound, and listens on already: so it may only
 * let more people in than could connect until now.
 *
 * @returns 0 or a status: UV_EACCES if it was too open
 */
export function widenMode(path: string, options: PathOptions | undefined): number {
  return setMode(path, options, true);
}

function setMode(path: string, options: PathOptions | undefined, onlyMore: boolean): number {
  if (options?.mode === undefined || process.platform === 'win32') return 0;
  return binding.setSocketMode(path, options.mode, onlyMore);
}

/**
 * Binds, be it in place of a socket that no process holds. Others may be about to do the same, and
 * one of them may have the path by now: so each binds, or looks, removes and binds, under the lock
 * of the directory, which leaves no file behind and ends with its process.
 */
function bindOver(pipe: Pipe, path: string): number {
  if (path.startsWith('\0') || process.platform === 'win32') return pipe.bind(path);
  const lock = lockDirectory(dirname(path));
  try {
    const status = pipe.bind(path);
    return status === UV_EADDRINUSE && remove(path) ? pipe.bind(path) : status;
  } finally {
    if (lock !== undefined) closeSync(lock);
  }
}

/** Removes a socket that no process holds; false if there is none. */
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

/** A descriptor that holds the lock, if it can be had, until it is closed. */
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
