import { setTimeout } from '../base/timers';
import { binding } from '../native/binding';
import { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_INVALID_ARG_VALUE } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import type { Handle } from '../native/handle';
import { validateInteger } from '../base/validators';

/**
 * Transfers of sockets between threads. `detach()` offers the descriptor under a key that cannot be
 * guessed. It puts the key, with everything else that the other thread needs, into a token: a plain
 * object that `postMessage` can carry. `attach(token)` takes the offer, once.
 *
 * If nobody takes an offer, the descriptor is closed when its time is over, or when the thread that
 * made it ends. The token itself is only data: it may be lost, copied or collected.
 */

/** Options of the `detach()` methods. */
export interface DetachOptions {
  /**
   * Milliseconds after which the connection is closed if no thread has taken it. Default: 30 000.
   */
  timeout?: number | undefined;
}

const DEFAULT_TIMEOUT = 30_000;

export type TokenKind = 'socket' | 'server' | 'bound-socket';

/** The common part of all tokens. The `attach()` of the same class reads the rest. */
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

export function checkToken(token: Token, kind: TokenKind): void {
  if (token?.uvnet === kind && typeof token.key === 'string') return;
  throw new ERR_INVALID_ARG_VALUE('token', token, `must come from detach() of a ${kind}`);
}

/** Opens a handle on the descriptor that a token offers. */
export function takeToken(token: Token, kind: TokenKind): Handle {
  checkToken(token, kind);
  const handle = token.pipe ? new Pipe() : new TCP();
  const status = binding.takeOffer(handle.id, token.key);
  if (status !== 0) {
    handle.close();
    throw errnoException(status, 'attach');
  }
  return handle;
}
