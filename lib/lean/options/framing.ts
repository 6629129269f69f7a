import { Buffer } from 'node:buffer';
import {
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
  genericNodeError,
} from '../../internal/base/errors';
import {
  validateBoolean,
  validateInteger,
  validateObject,
  validateOneOf,
} from '../../internal/base/validators';
import type { Framing } from '../../types/connection-options';
import { checkNames, namesOf } from './known-options';
import type { FramingNumbers } from '../../internal/native/native-types';

type LengthFraming = Extract<Framing, { type: 'length' }>;
type DelimiterFraming = Extract<Framing, { type: 'delimiter' }>;
type FixedFraming = Extract<Framing, { type: 'fixed' }>;

export const NO_FRAMING: FramingNumbers = [-1, 0, false, false, 0, undefined];

/**
 * A handler of uvnet's own: bytes violate the framing. The connection is closed with the error after
 * this call, or after `resume()` if the handler pauses it.
 */
export const kMisframed: unique symbol = Symbol('misframed');

const framingNames: Record<Framing['type'], ReadonlySet<string>> = {
  length: namesOf<LengthFraming>({
    type: true,
    bytes: true,
    endian: true,
    includesHeader: true,
    max: true,
  }),
  delimiter: namesOf<DelimiterFraming>({ type: true, delimiter: true, max: true }),
  fixed: namesOf<FixedFraming>({ type: true, size: true }),
};

/** In the order of FramingOptions::Type in native/lean/framing.h. */
const types = ['length', 'delimiter', 'fixed'] as const;
const MAX_DELIMITER = 64;
const DEFAULT_MAX = 1024 * 1024;
/** A message is a Buffer, which cannot be longer. */
const LARGEST = 2 ** 31 - 1;

function delimiterOf(delimiter: unknown): Uint8Array {
  const bytes = typeof delimiter === 'string' ? Buffer.from(delimiter) : delimiter;
  const name = 'options.framing.delimiter';
  if (!(bytes instanceof Uint8Array)) {
    throw new ERR_INVALID_ARG_TYPE(name, ['string', 'Uint8Array'], delimiter);
  }
  if (bytes.length === 0 || bytes.length > MAX_DELIMITER) {
    throw new ERR_INVALID_ARG_VALUE(name, delimiter, `must have 1 to ${MAX_DELIMITER} bytes`);
  }
  return bytes;
}

/** Checks the option `framing`. */
export function framingOf(framing: unknown): FramingNumbers {
  if (framing === undefined) return NO_FRAMING;
  const name = 'options.framing';
  validateObject(framing, name);
  const { type } = framing as Framing;
  validateOneOf(type, `${name}.type`, types);
  checkNames(framing, framingNames[type], name);
  const code = types.indexOf(type);
  if (type === 'fixed') {
    const { size } = framing as FixedFraming;
    validateInteger(size, `${name}.size`, 1, LARGEST);
    return [code, size, false, false, 0, undefined];
  }
  const { max = DEFAULT_MAX } = framing as { max?: number };
  validateInteger(max, `${name}.max`, 0, LARGEST);
  if (type === 'delimiter') {
    const { delimiter = '\n' } = framing as DelimiterFraming;
    return [code, 0, false, false, max, delimiterOf(delimiter)];
  }
  const { bytes = 4, endian = 'big', includesHeader = false } = framing as LengthFraming;
  validateInteger(bytes, `${name}.bytes`, 1, 8);
  validateOneOf(endian, `${name}.endian`, ['big', 'little']);
  validateBoolean(includesHeader, `${name}.includesHeader`);
  return [code, bytes, endian === 'little', includesHeader, max, undefined];
}

/** Rebuilds a message as it was on the wire. */
export function wireBytes(
  message: Buffer,
  [code, width, little, includesHeader, , delimiter]: FramingNumbers,
): Buffer[] {
  if (delimiter !== undefined) return [message, Buffer.from(delimiter)];
  if (types[code] !== 'length') return [message];
  const header = Buffer.alloc(width);
  let rest = message.length + (includesHeader ? width : 0);
  for (let i = 0; i < width; i += 1, rest = Math.floor(rest / 256)) {
    header[little ? i : width - 1 - i] = rest % 256;
  }
  return [header, message];
}

/** In the order of LeanEvent::FrameError in native/lean/lean_hub.h, from 1 on. */
const framingErrors = [
  undefined,
  { code: 'ERR_UVNET_MESSAGE_TOO_LONG', message: 'A message is longer than options.framing.max' },
  {
    code: 'ERR_UVNET_MESSAGE_LENGTH',
    message: 'The length of a message is smaller than its header',
  },
  { code: 'ERR_UVNET_MESSAGE_CUT_OFF', message: 'The peer ended in the middle of a message' },
];

/** The error of a connection that violates its framing. */
export function framingError(kind: number): Error {
  const { code, message } = framingErrors[kind]!;
  return genericNodeError(message, { code });
}
