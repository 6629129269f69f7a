import { ERR_MISSING_ARGS } from '../base/errors';
import { exceptionWithHostPort } from '../base/system-errors';
import { kBoundSource, kHandle } from '../base/symbols';
import { validateString } from '../base/validators';
import { binding } from '../native/binding';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import { planConnect, plansOptions } from '../options/lazy-options';
import { optionsPart } from '../options/part';
import type { Dialling } from './dialling';
import { diallingPart } from './part';

/** The start of a connect, for sockets and for handler tables. */

/** Loads the parts that a connect needs. Returns the error if that is impossible. */
function loadPartsFor(socket: Dialling, options: Record<string, unknown>): Error | undefined {
  try {
    diallingPart();
    if (plansOptions(socket, options)) optionsPart();
    return undefined;
  } catch (error) {
    const status = tryDescriptor();
    if (status === 0) return error as Error;
    const { path, host, port } = options as { path?: string; host?: string; port?: number };
    const failure = path
      ? exceptionWithHostPort(status, 'connect', path)
      : exceptionWithHostPort(status, 'connect', host ?? 'localhost', port);
    failure.cause = error;
    return failure;
  }
}

/**
 * Opens one descriptor as a test, and returns the status. Without a free descriptor, no file can be
 * loaded and no socket made. Only the latter fails with the right error; `require()` would throw a
 * different one.
 */
function tryDescriptor(): number {
  const handle = new TCP();
  const status = binding.tcpBind(handle.id, '127.0.0.1', 0, 4, false, false);
  handle.close();
  return status;
}

function failLater(socket: Dialling, error: Error): void {
  const handle = socket[kHandle];
  process.nextTick(() => {
    if (socket.connecting && socket[kHandle] === handle) socket.destroy(error);
  });
}

/** @throws ERR_MISSING_ARGS without a port and without a path */
export function checkPlace(options: Record<string, unknown>): void {
  if (options['port'] === undefined && options['path'] == null) {
    throw new ERR_MISSING_ARGS(['options', 'port', 'path']);
  }
}

/**
 * Connects. It calls `kConnected` when that has succeeded, and `destroy` with the error if it fails
 * later.
 *
 * @param addHandle - gives the socket a new handle, if it has none
 * @throws as `net.connect()`, for options of a wrong type
 */
export function startConnect<Socket extends Dialling>(
  socket: Socket,
  options: Record<string, unknown>,
  addHandle: (socket: Socket, pipe: boolean) => void,
): void {
  const { path } = options;
  const handle = socket[kHandle];
  const pipe = socket[kBoundSource] === true && handle !== null ? handle instanceof Pipe : !!path;
  const missing = loadPartsFor(socket, options);
  if (missing === undefined) planConnect(socket, pipe, options);
  if (handle === null) addHandle(socket, pipe);
  socket._unrefTimer();
  socket.connecting = true;
  if (missing !== undefined) {
    failLater(socket, missing);
    return;
  }
  const { dialPipe, dialTcp } = diallingPart();
  if (pipe) {
    validateString(path, 'options.path');
    dialPipe(socket, path);
  } else {
    dialTcp(socket, options as never);
  }
}
