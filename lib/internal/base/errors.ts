/**
 * The errors of uvnet, except those of the operating system (system-errors.ts). Name, code, message
 * and own properties (in this order) are those of Node 26. Programs compare them, so they are part
 * of the API.
 */
import { format, inspect, promisify } from 'node:util';

/** An error that carries a `code`. */
export interface CodedError extends Error {
  code: string;
}

/** Error, TypeError or RangeError. */
type ErrorBase = ErrorConstructor;

// Node puts the code into the first line of `stack` (`TypeError [ERR_X]: ...`) if the prototype of
// the error has a certain marker. Any error thrown by Node reveals that marker. uvnet's errors have
// it too, which costs nothing. Changing the name and formatting every stack eagerly would cost
// time.
let nodeErrorMarker: symbol | null | undefined;

function findNodeErrorMarker(): symbol | null {
  try {
    promisify(undefined as never);
  } catch (error) {
    let prototype: unknown = Object.getPrototypeOf(error);
    while (typeof prototype === 'object' && prototype !== null) {
      const marker = Object.getOwnPropertySymbols(prototype).find(
        (symbol) => symbol.description === 'kIsNodeError',
      );
      if (marker !== undefined) return marker;
      prototype = Object.getPrototypeOf(prototype);
    }
  }
  return null;
}

function hide(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
}

/**
 * Runs when the first error of a class is made. Most programs never make one, so loading stays
 * fast.
 */
function markAsNodeError(prototype: object, Base: object): void {
  if (nodeErrorMarker === undefined) nodeErrorMarker = findNodeErrorMarker();
  // For Node's errors, `error.constructor === TypeError` is true.
  hide(prototype, 'constructor', Base);
  if (nodeErrorMarker !== null) hide(prototype, nodeErrorMarker, true);
}

/** Makes the class for an error code. Its constructor takes the arguments of `message`. */
function define<Arguments extends unknown[]>(
  code: string,
  Base: ErrorBase,
  message: (...args: Arguments) => string,
): new (...args: Arguments) => CodedError {
  class NodeError extends Base {
    code = code;

    constructor(...args: Arguments) {
      if (NodeError.prototype.constructor !== Base) markAsNodeError(NodeError.prototype, Base);
      super(message(...args));
    }

    override toString(): string {
      return `${this.name} [${code}]: ${this.message}`;
    }
  }
  return NodeError;
}

function fixed(code: string, Base: ErrorBase, message: string): new () => CodedError {
  return define(code, Base, () => message);
}

// ---------------------------------------------------------------------------------------------
// Describing values

const primitiveTypes = new Set([
  'string',
  'function',
  'number',
  'object',
  'Function',
  'Object',
  'boolean',
  'bigint',
  'symbol',
]);

/** `a`, `a or b`, `a, b, or c`. */
function list(items: readonly string[], conjunction: 'and' | 'or'): string {
  const last = items[items.length - 1];
  if (items.length <= 1) return last ?? '';
  if (items.length === 2) return `${items[0]} ${conjunction} ${last}`;
  return `${items.slice(0, -1).join(', ')}, ${conjunction} ${last}`;
}

/** The text after `Received` in messages about a wrong type. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  switch (typeof value) {
    case 'bigint':
      return `type bigint (${value}n)`;
    case 'number':
      return `type number (${Object.is(value, -0) ? '-0' : value})`;
    case 'string': {
      const text = value.length > 28 ? `${value.slice(0, 25)}...` : value;
      return `type string (${text.includes("'") ? JSON.stringify(text) : `'${text}'`})`;
    }
    case 'function':
      return `function ${value.name}`;
    case 'object': {
      const name: unknown = (value.constructor as { name?: unknown } | null | undefined)?.name;
      if (typeof name === 'string' && name !== '') return `an instance of ${name}`;
      return inspect(value, { depth: -1 });
    }
    default:
      // eslint-disable-next-line @typescript-eslint/no-base-to-string -- a primitive, by the cases above
      return `type ${typeof value} (${String(value)})`;
  }
}

/** Groups of three digits: `4_294_967_297`. */
function separate(integer: string): string {
  return integer.replace(/\B(?=(?:\d{3})+$)/g, '_');
}

function describeNumber(value: unknown): string {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > 2 ** 32) {
    return separate(String(value));
  }
  if (typeof value === 'bigint') {
    const big = value > 2n ** 32n || value < -(2n ** 32n);
    return `${big ? separate(String(value)) : value}n`;
  }
  return inspect(value);
}

function property(name: string): 'property' | 'argument' {
  return name.includes('.') ? 'property' : 'argument';
}

function describeExpected(expected: readonly string[]): string {
  const types: string[] = [];
  const classes: string[] = [];
  const others: string[] = [];
  for (const entry of expected) {
    if (primitiveTypes.has(entry)) types.push(entry.toLowerCase());
    else if (/^[A-Z][a-zA-Z0-9]*$/.test(entry)) classes.push(entry);
    else others.push(entry);
  }
  const object = types.indexOf('object');
  if (classes.length > 0 && object !== -1) {
    types.splice(object, 1);
    classes.push('Object');
  }
  const parts: string[] = [];
  if (types.length > 0) {
    parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${list(types, 'or')}`);
  }
  if (classes.length > 0) parts.push(`an instance of ${list(classes, 'or')}`);
  if (others.length > 1) parts.push(`one of ${list(others, 'or')}`);
  else if (others[0] !== undefined) {
    parts.push(others[0].toLowerCase() === others[0] ? others[0] : `an ${others[0]}`);
  }
  return parts.join(' or ');
}

// ---------------------------------------------------------------------------------------------
// Wrong arguments

/** `new ERR_INVALID_ARG_TYPE(name, expected, actual)` */
export const ERR_INVALID_ARG_TYPE = define(
  'ERR_INVALID_ARG_TYPE',
  TypeError,
  (name: string, expected: string | readonly string[], actual: unknown) => {
    const subject = name.endsWith(' argument') ? name : `"${name}" ${property(name)}`;
    const wanted = describeExpected(typeof expected === 'string' ? [expected] : expected);
    return `The ${subject} must be ${wanted}. Received ${describe(actual)}`;
  },
);

/** `new ERR_INVALID_ARG_VALUE(name, value, reason)` */
export const ERR_INVALID_ARG_VALUE = define(
  'ERR_INVALID_ARG_VALUE',
  TypeError,
  (name: string, value: unknown, reason: string = 'is invalid') => {
    const text = inspect(value);
    const received = text.length > 128 ? `${text.slice(0, 128)}...` : text;
    return `The ${property(name)} '${name}' ${reason}. Received ${received}`;
  },
);

/** `new ERR_OUT_OF_RANGE(name, range, value)` */
export const ERR_OUT_OF_RANGE = define(
  'ERR_OUT_OF_RANGE',
  RangeError,
  (name: string, range: string, value: unknown) =>
    `The value of "${name}" is out of range. It must be ${range}. Received ${describeNumber(value)}`,
);

/** `new ERR_MISSING_ARGS(...names)`; an array of names stands for alternatives. */
export const ERR_MISSING_ARGS = define(
  'ERR_MISSING_ARGS',
  TypeError,
  (...names: (string | readonly string[])[]) => {
    const quoted = names.map((name) =>
      typeof name === 'string' ? `"${name}"` : name.map((one) => `"${one}"`).join(' or '),
    );
    return `The ${list(quoted, 'and')} argument${names.length > 1 ? 's' : ''} must be specified`;
  },
);

/** `new ERR_SOCKET_BAD_PORT(name, port, allowZero)` */
export const ERR_SOCKET_BAD_PORT = define(
  'ERR_SOCKET_BAD_PORT',
  RangeError,
  (name: string, port: unknown, allowZero = true) =>
    `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. Received ${describe(port)}.`,
);

/** `new ERR_INVALID_FD_TYPE(type)` */
export const ERR_INVALID_FD_TYPE = define(
  'ERR_INVALID_FD_TYPE',
  TypeError,
  (type: string) => `Unsupported fd type: ${type}`,
);

/** `new ERR_INVALID_IP_ADDRESS(text)` */
export const ERR_INVALID_IP_ADDRESS = define(
  'ERR_INVALID_IP_ADDRESS',
  TypeError,
  (address: unknown) => format('Invalid IP address: %s', address),
);

/**
 * The error of a text with the encoding 'buffer', on versions of Node whose streams do not reject
 * it.
 */
export const ERR_NOT_A_BUFFER = fixed(
  'ERR_INVALID_ARG_TYPE',
  TypeError,
  'Second argument must be a buffer',
);

/** `new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(feature)` */
export const ERR_FEATURE_UNAVAILABLE_ON_PLATFORM = define(
  'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  TypeError,
  (feature: string) =>
    `The feature ${feature} is unavailable on the current platform` +
    ', which is being used to run Node.js',
);

/**
 * The same code, for features that need the native code: `new NativeUnavailable(feature, reason)`.
 */
export const NativeUnavailable = define(
  'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  TypeError,
  (feature: string, reason: string) =>
    `The feature ${feature} is unavailable: it needs uvnet's native code, and ${reason}`,
);

/** The same code, if the environment forbids the fallback: `new NativeRequired(reason)`. */
export const NativeRequired = define(
  'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  Error,
  (reason: string) => `UVNET_REQUIRE_NATIVE is set, and ${reason}`,
);

/** `new ERR_INVALID_ADDRESS_FAMILY(family, host, port)`; the error also has `host` and `port`. */
export const ERR_INVALID_ADDRESS_FAMILY = class extends define(
  'ERR_INVALID_ADDRESS_FAMILY',
  RangeError,
  (family: unknown, host: string, port: unknown) =>
    `Invalid address family: ${String(family)} ${host}:${String(port)}`,
) {
  host: string;
  port: unknown;

  constructor(family: unknown, host: string, port: unknown) {
    super(family, host, port);
    this.host = host;
    this.port = port;
  }
};
hide(ERR_INVALID_ADDRESS_FAMILY.prototype, 'constructor', RangeError);

// ---------------------------------------------------------------------------------------------
// Wrong states

/** `new ERR_IP_BLOCKED(address)` */
export const ERR_IP_BLOCKED = define(
  'ERR_IP_BLOCKED',
  Error,
  (address: string) => `IP(${address}) is blocked by net.BlockList`,
);

/** `new ERR_INVALID_STATE(what)` */
export const ERR_INVALID_STATE = define(
  'ERR_INVALID_STATE',
  Error,
  (what: string) => `Invalid state: ${what}`,
);

/** `new ERR_STREAM_DESTROYED(method)` */
export const ERR_STREAM_DESTROYED = define(
  'ERR_STREAM_DESTROYED',
  Error,
  (method: string) => `Cannot call ${method} after a stream was destroyed`,
);

/** `new ERR_WORKER_UNSUPPORTED_OPERATION(operation)` */
export const ERR_WORKER_UNSUPPORTED_OPERATION = define(
  'ERR_WORKER_UNSUPPORTED_OPERATION',
  TypeError,
  (operation: string) => `${operation} is not supported in workers`,
);

export const ERR_INVALID_HANDLE_TYPE = fixed(
  'ERR_INVALID_HANDLE_TYPE',
  TypeError,
  'This handle type cannot be sent',
);
export const ERR_SERVER_ALREADY_LISTEN = fixed(
  'ERR_SERVER_ALREADY_LISTEN',
  Error,
  'Listen method has been called more than once without closing.',
);
export const ERR_SERVER_NOT_RUNNING = fixed(
  'ERR_SERVER_NOT_RUNNING',
  Error,
  'Server is not running.',
);
export const ERR_SOCKET_CLOSED = fixed('ERR_SOCKET_CLOSED', Error, 'Socket is closed');
export const ERR_SOCKET_CLOSED_BEFORE_CONNECTION = fixed(
  'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
  Error,
  'Socket closed before the connection was established',
);
export const ERR_SOCKET_HANDLE_ADOPTED = fixed(
  'ERR_SOCKET_HANDLE_ADOPTED',
  Error,
  'The bound socket has already been adopted by a server or socket',
);
export const ERR_STREAM_WRITE_AFTER_END = fixed(
  'ERR_STREAM_WRITE_AFTER_END',
  Error,
  'write after end',
);

// ---------------------------------------------------------------------------------------------
// Errors without a class of their own

/** Makes an error without a class of its own. Its stack starts where `factory` was called. */
export function plainError<Properties extends object>(
  factory: (...args: never[]) => unknown,
  message: string,
  properties: Properties,
): Error & Properties {
  const error = Object.assign(new Error(message), properties);
  // The stack starts where the error was raised, not where it was built.
  Error.captureStackTrace(error, factory);
  return error;
}

/**
 * Makes a plain Error with extra own properties, like some errors of Node (half-closed, time-out).
 *
 * @param message - the message
 * @param properties - own properties to add, in this order
 */
export function genericNodeError<Properties extends object>(
  message: string,
  properties: Properties,
): Error & Properties {
  return plainError(genericNodeError, message, properties);
}

/**
 * The error of a socket address that cannot be parsed. Node makes it in C++, without class or
 * marker.
 */
export function invalidAddress(): CodedError {
  return plainError(invalidAddress, 'Invalid socket address', { code: 'ERR_INVALID_ADDRESS' });
}

/** The error of an aborted operation; `cause` is the signal's reason. */
export class AbortError extends Error {
  code = 'ABORT_ERR';

  constructor(message = 'The operation was aborted', options?: ErrorOptions) {
    super(message, options);
    this.name = 'AbortError';
  }
}

class NodeAggregateError extends AggregateError {
  code: string | undefined;

  constructor(errors: readonly Error[], message?: string) {
    const { prototype } = NodeAggregateError;
    if (prototype.constructor !== AggregateError) markAsNodeError(prototype, AggregateError);
    super(errors, message);
    this.code = (errors[0] as Partial<CodedError> | undefined)?.code;
  }
}

/**
 * The error of a connect whose attempts have all failed. Its code is that of the first attempt.
 *
 * @param errors - one error per attempt, in order
 * @param message - empty in Node
 */
export function aggregateError(
  errors: readonly Error[],
  message?: string,
): AggregateError & Partial<CodedError> {
  return new NodeAggregateError(errors, message);
}
