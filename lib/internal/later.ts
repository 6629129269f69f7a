import type * as addresses from '../addresses';
import type * as lean from '../lean/implementation';
import type * as moves from './moves';
import type * as names from './names';
import type * as options from './option-methods';
import { lazily } from './builtins';

/**
 * Parts of uvnet that a program may never need. Each is a file of its own in dist/ (see
 * scripts/lib/bundle.mjs), so that who does not use it does not wait for V8 to read it.
 */

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load them at once */

/** BlockList and SocketAddress. */
export const addressesPart = lazily(() => require('../addresses') as typeof addresses);
/** Handler tables and relays. */
export const leanPart = lazily(() => require('../lean/implementation') as typeof lean);
/** Connections that change hands. */
export const movesPart = lazily(() => require('./moves') as typeof moves);
/** Socket options, and what the kernel knows of a connection. */
export const optionsPart = lazily(() => require('./option-methods') as typeof options);
/** Lookups, and races between several addresses. */
export const namesPart = lazily(() => require('./names') as typeof names);
