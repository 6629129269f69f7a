import { setTimeout } from '../base/timers';
import { binding } from '../native/binding';
import { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_INVALID_ARG_VALUE } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { Pipe } from '../native/pipe';
import { TCP } from '../native/tcp';
import type { Handle } from '../native/handle';
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
  /** Milliseconds after which the connection is closed if nobody took it. Default: 30 000. */
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

export function checkToken(token: Token, kind: TokenKind): void {
  if (token?.uvnet === kind && typeof token.key === 'string') return;
  throw new ERR_INVALID_ARG_VALUE('token', token, `must come from detach() of a ${kind}`);
}

/** An open handle on what the token stands for. */
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
