import { normalizeArguments } from './internal/base/arguments';
import { debug } from './internal/base/diagnostics';
import { Socket } from './socket';

/**
 * Makes a socket and connects it.
 *
 * Forms: `connect(options, listener?)`, `connect(port, host?, listener?)`,
 * `connect(path, listener?)`; the listener is added for 'connect'.
 */
export function connect(...args: unknown[]): Socket {
  const normalized = normalizeArguments<{ timeout?: number }>(args);
  const [options] = normalized;
  debug('createConnection', normalized);
  const socket = new Socket(options as never);
  if (options.timeout) socket.setTimeout(options.timeout);
  return (socket as unknown as { connect(args: unknown): Socket }).connect(normalized);
}
