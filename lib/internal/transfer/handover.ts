import { setTimeout } from '../base/timers';
import { StringDecoder } from 'node:string_decoder';
import { binding } from '../native/binding';
import {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
  ERR_INVALID_ARG_VALUE,
  errnoException,
} from '../base/errors';
import { Pipe, TCP, type Handle } from '../native/handle';
import type { Unread } from './takeover';
import { validateInteger } from '../base/validators';

/**
 * Sockets that move to another thread. `detach()` offers the descriptor under a key nobody can
 * guess and puts the key, with all else that the other side needs, into a token: a plain object
 * that any `postMessage` carries. `attach(token)` takes the offer up, once.
 *
 * An offer that nobody takes is closed when its time is up, or when the thread that made it ends.
 * The token itself is only data: whether it is lost, copied or collected changes nothing.
 */

/** Options of the `detach()` methods. */
export interface DetachOptions {
  /** Milliseconds after which the connection is closed where nobody took it. Default: 30 000. */
  timeout?: number | undefined;
}

const DEFAULT_TIMEOUT = 30_000;

export type TokenKind = 'socket' | 'server' | 'bound-socket';

/** What all tokens have in common; the rest is for the `attach()` of the same class. */
export interface Token<Kind extends TokenKind = TokenKind> {
  readonly uvnet: Kind;
  readonly key: string;
  readonly pipe: boolean;
}

export function makeToken<Kind extends TokenKind, Rest extends object>(
  uvnet: Kind,
  handle: Handle,
  { timeout = DEFAULT_TIMEOUT }: DetachOptions,
  rest: Rest,
): Token<Kind> & Rest {
  if (process.platform === 'win32') throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('detach()');
  validateInteger(timeout, 'options.timeout', 1, 2 ** 31 - 1);
  const key = binding.makeOffer(handle.id);
  if (typeof key === 'number') throw errnoException(key, 'detach');
  setTimeout(() => binding.withdrawOffer(key), timeout).unref();
  return { uvnet, key, pipe: handle instanceof Pipe, ...rest };
}

/** An open handle on what the token stands for. */
export function takeToken(token: Token, kind: TokenKind): Handle {
  if (token?.uvnet !== kind || typeof token.key !== 'string') {
    throw new ERR_INVALID_ARG_VALUE('token', token, `must come from detach() of a ${kind}`);
  }
  const handle = token.pipe ? new Pipe() : new TCP();
  const status = binding.takeOffer(handle.id, token.key);
  if (status !== 0) {
    handle.close();
    throw errnoException(status, 'attach');
  }
  return handle;
}

/** {@link Unread} in the shape that a structured clone carries. */
export interface PackedUnread {
  chunks: (Uint8Array | string)[];
  encoding: BufferEncoding | null;
  /** The first bytes of a character whose rest has not come yet. */
  partial: Uint8Array | undefined;
}

/** Undocumented but as old as StringDecoder, and in its tests. */
interface DecoderState {
  lastChar: Buffer;
  lastNeed: number;
  lastTotal: number;
}

export function packUnread({ chunks, encoding, decoder }: Unread): PackedUnread {
  let partial: Uint8Array | undefined;
  if (encoding !== null) {
    const { lastChar, lastNeed, lastTotal } = decoder as DecoderState;
    partial = new Uint8Array(lastChar.subarray(0, lastTotal - lastNeed));
  }
  return {
    // Copies, because a clone of a view takes the whole of its ArrayBuffer along.
    chunks: chunks.map((chunk) => (typeof chunk === 'string' ? chunk : new Uint8Array(chunk))),
    encoding,
    partial,
  };
}

export function unpackUnread({ chunks, encoding, partial }: PackedUnread): Unread {
  const decoder = encoding === null ? null : new StringDecoder(encoding);
  if (partial !== undefined) decoder?.write(Buffer.from(partial));
  return {
    chunks: chunks.map((chunk) =>
      typeof chunk === 'string'
        ? chunk
        : Buffer.from(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.length),
    ),
    encoding,
    decoder,
  };
}
