import { getSystemErrorMap, getSystemErrorName } from 'node:util';
import { plainError, type CodedError } from './errors';

/** Errors of the operating system, in Node's format. */

/** An error of the operating system, in Node's format. */
export interface SystemError extends CodedError {
  /** The libuv status, a negative number. */
  errno: number;
  /** Name of the failed call, such as `'connect'`. */
  syscall: string;
  /** The address or path of the failed call. */
  address?: string;
  /** The port of the failed call. */
  port?: number;
}

const unmapped: readonly [string, string] = ['UNKNOWN', 'unknown error'];
let statuses: Map<number, [string, string]> | undefined;

/** Name and description of a libuv status, as `['ECONNREFUSED', 'connection refused']`. */
function describeStatus(status: number): readonly [string, string] {
  statuses ??= getSystemErrorMap();
  return statuses.get(status) ?? unmapped;
}

/** The text of an endpoint in messages: it has a leading space, and is empty without an address. */
function endpoint(address: string | null | undefined, port: number | undefined): string {
  if (port !== undefined && port > 0) return ` ${address}:${port}`;
  return address ? ` ${address}` : '';
}

/**
 * `syscall CODE[ original]`, with `errno`, `code`, `syscall`.
 *
 * @param status - libuv status, negative
 * @param syscall - name of the failed call
 * @param original - text to add to the message
 */
export function errnoException(status: number, syscall: string, original?: string): SystemError {
  const code = getSystemErrorName(status);
  const message = original ? `${syscall} ${code} ${original}` : `${syscall} ${code}`;
  return plainError(errnoException, message, { errno: status, code, syscall });
}

/**
 * `syscall CODE address:port[ - Local (additional)]`, with `errno`, `code`, `syscall`, `address` and,
 * unless it is zero, `port`. Used for failed connects and binds.
 *
 * @param status - libuv status, negative
 * @param syscall - name of the failed call
 * @param address - remote address or path
 * @param port - remote port
 * @param additional - local endpoint, for the message only
 */
export function exceptionWithHostPort(
  status: number,
  syscall: string,
  address: string | null | undefined,
  port?: number,
  additional?: string,
): SystemError {
  const code = getSystemErrorName(status);
  const local = additional ? ` - Local (${additional})` : '';
  const message = `${syscall} ${code}${endpoint(address, port)}${local}`;
  const error = plainError(exceptionWithHostPort, message, {
    errno: status,
    code,
    syscall,
    address,
  });
  return (port ? Object.assign(error, { port }) : error) as SystemError;
}

/**
 * The error of a connect that permissions forbid. As in Node, `errno` has the denied resource.
 *
 * @param denial - an ERR_ACCESS_DENIED
 * @param address - remote address or path
 * @param port - remote port
 */
export function deniedConnect(
  denial: CodedError,
  address: string,
  port?: number,
): CodedError & { address: string } {
  const { code, message } = denial;
  const properties = { errno: denial, code, syscall: 'connect', address };
  const error = plainError(deniedConnect, `connect ${code} ${message}`, properties);
  return port ? Object.assign(error, { port }) : error;
}

/**
 * `syscall CODE: description address:port`, with `code`, `errno`, `syscall`, `address` and, unless it
 * is zero, `port`. Used for failed listens.
 *
 * @param status - libuv status, negative
 * @param syscall - name of the failed call
 * @param address - address or path
 * @param port - port
 */
export function uvExceptionWithHostPort(
  status: number,
  syscall: string,
  address: string | null | undefined,
  port?: number,
): SystemError {
  const [code, description] = describeStatus(status);
  const message = `${syscall} ${code}: ${description}${endpoint(address, port)}`;
  const error = plainError(uvExceptionWithHostPort, message, {
    code,
    errno: status,
    syscall,
    address,
  });
  return (port ? Object.assign(error, { port }) : error) as SystemError;
}
