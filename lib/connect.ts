import { normalizeArguments } from './internal/base/arguments';
import { debug } from './internal/base/diagnostics';
import { Socket } from './socket';
import type { ConnectOptions } from './types/options';

/**
 * Makes a socket and connects it.
 *
 * @param options - where to, and how; see docs/CONNECTING.md and docs/SOCKET_OPTIONS.md
 * @param listener - added for 'connect'
 * @throws for options of a wrong type, as `node:net` does; 'error' reports every other failure
 */
export function connect(options: ConnectOptions, listener?: () => void): Socket;
/**
 * @param port - of the host
 * @param host - a name or an address. Default: `'localhost'`
 * @param listener - added for 'connect'
 */
export function connect(port: number, host?: string, listener?: () => void): Socket;
export function connect(port: number, listener?: () => void): Socket;
/**
 * @param path - of a unix-domain socket or named pipe
 * @param listener - added for 'connect'
 */
export function connect(path: string, listener?: () => void): Socket;
export function connect(...args: unknown[]): Socket {
  const normalized = normalizeArguments<{ timeout?: number }>(args);
  const [options] = normalized;
  debug('createConnection', normalized);
  const socket = new Socket(options as never);
  if (options.timeout) socket.setTimeout(options.timeout);
  return (socket as unknown as { connect(args: unknown): Socket }).connect(normalized);
}
