import type * as Implementation from './implementation';

/** `uvnet/lean`: connections without streams. */

/** The same copy of the library as `uvnet` itself: there is one native core per environment. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- a symbol is not an ES export
const entry = require('../index') as Record<symbol, () => typeof Implementation>;
const lean = entry[Symbol.for('uvnet.lean')]();

export const relay = lean.relay;
export const proxyHeader = lean.proxyHeader;

export type { ProxiedConnection, ProxyHeaderOptions } from './proxy-header';
export type { RelayError, RelayOptions, RelayProgress, RelayResult } from './relay';
