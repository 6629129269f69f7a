import { chmodSync, linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binding } from './binding';
import { cryptoModule } from './builtins';
import { debug } from './diagnostics';
import { errnoByName } from './errno';
import { ERR_INVALID_ARG_VALUE } from './errors';
import type { Pipe } from './handle';
import { validateBoolean, validateInteger } from './validators';

/** Binding to the path of a unix socket: its mode, and what a crashed server left there. */

const UV_EADDRINUSE = errnoByName('EADDRINUSE');
const UV_ECONNREFUSED = errnoByName('ECONNREFUSED');
const UV_ENOENT = errnoByName('ENOENT');

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
  if (status === UV_EADDRINUSE && options?.replaceStale === true && removeStale(path)) {
    status = pipe.bind(path);
  }
  // Until listen() every connect is refused, so nobody gets in under the wrong mode.
  if (status === 0 && options?.mode !== undefined && process.platform !== 'win32') {
    chmodSync(path, options.mode);
  }
  return status;
}

const isAbandoned = (path: string): boolean => binding.pathProbe(path) === UV_ECONNREFUSED;

/**
 * Removes the socket at `path` if nobody listens on it. Another process may do the same at this
 * moment, and listen anew: so the path is moved away, which only one can do, and looked at again.
 */
function removeStale(path: string): boolean {
  try {
    if (path.startsWith('\0') || !lstatSync(path).isSocket() || !isAbandoned(path)) return false;
    // Short, because it has to fit into a socket address too.
    const aside = join(dirname(path), `.${cryptoModule().randomBytes(4).toString('hex')}`);
    renameSync(path, aside);
    const status = binding.pathProbe(aside);
    if (status === 0) {
      linkSync(aside, path);
      unlinkSync(aside);
      return false;
    }
    unlinkSync(aside);
    return true;
  } catch (error) {
    debug('listen: %s is not replaced: %s', path, (error as Error).message);
    return (error as NodeJS.ErrnoException).errno === UV_ENOENT;
  }
}
