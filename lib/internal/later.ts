import type * as addresses from '../addresses';
import type * as lean from '../lean/implementation';
import type * as dial from './connect/dial';
import type * as moves from './transfer/moves';
import type * as options from './options/option-methods';
import type { BoundSocket } from '../bound-socket';
import { lazily } from './base/builtins';
import { kBoundSocket } from './base/symbols';

/**
 * Parts of uvnet that a program may never need. Each is a file of its own in dist/ (see
 * scripts/lib/bundle.mjs), so that who does not use it does not wait for V8 to read it.
 */

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load them at once */

/** BlockList, SocketAddress and BoundSocket. */
export const addressesPart = lazily(() => require('../addresses') as typeof addresses);
/** Handler tables and relays. */
export const leanPart = lazily(() => require('../lean/implementation') as typeof lean);
/** What few connections do. */
export const movesPart = lazily(() => require('./transfer/moves') as typeof moves);
/** Socket options, and what the kernel knows of a connection. */
export const optionsPart = lazily(() => require('./options/option-methods') as typeof options);
/** Connecting. */
export const diallingPart = lazily(() => require('./connect/dial') as typeof dial);

/**
 * Loads all of them. A server does so when it listens: once its peers are there it may have no
 * descriptor left to open a file with, or no right any more to read its own.
 *
 * @throws what `require()` throws
 */
export function loadParts(): void {
  for (const load of [addressesPart, leanPart, movesPart, optionsPart, diallingPart]) load();
}

/** Without loading the class: where it is not loaded, there are none. */
export const isBoundSocket = (value: unknown): value is BoundSocket =>
  typeof value === 'object' && value !== null && kBoundSocket in value;
