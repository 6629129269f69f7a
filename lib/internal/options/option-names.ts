import { optionsPart } from './part';
import * as own from './own-options';
import { socketOptionNames } from './socket-option-names';

/**
 * The names of options. An unknown name that resembles an option of uvnet is probably a mistake,
 * and nothing else would report it: `{ proxyProtocl: 'required' }` would accept everybody.
 */

/** The options of `node:net` and its streams. */
const nodeNames = [
  'allowHalfOpen',
  'autoDestroy',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'backlog',
  'blockList',
  'decodeStrings',
  'emitClose',
  'exclusive',
  'family',
  'fd',
  'handle',
  'highWaterMark',
  'hints',
  'host',
  'ipv6Only',
  'keepAlive',
  'keepAliveInitialDelay',
  'localAddress',
  'localPort',
  'lookup',
  'manualStart',
  'noDelay',
  'objectMode',
  'onread',
  'path',
  'pauseOnConnect',
  'pauseOnCreate',
  'port',
  'readable',
  'readableAll',
  'readableHighWaterMark',
  'reusePort',
  'signal',
  'timeout',
  'writable',
  'writableAll',
  'writableHighWaterMark',
];

/** The options that uvnet and `uvnet/lean` add, without socket options. */
const ownNames = [
  ...Object.keys(own.serverOptions),
  ...Object.keys(own.listenOptions),
  ...Object.keys(own.connectOptions),
  'borrow',
  'framing',
];

/** Socket options that are also options of `node:net`. Sockets and servers handle them. */
const sharedNames: ReadonlySet<string> = new Set(['noDelay', 'keepAlive', 'keepAliveInitialDelay']);

/** Names that need no check: they are known, or were checked before. */
const familiar = new Set([...nodeNames, ...ownNames]);
for (const name of socketOptionNames) if (!sharedNames.has(name)) familiar.delete(name);

/** A limit, because programs may generate any number of names. */
const MOST_FAMILIAR = 1000;

function judge(name: string): void {
  if (familiar.size >= MOST_FAMILIAR) return;
  familiar.add(name);
  optionsPart().warnOfName(name, [...ownNames, ...socketOptionNames], 'option');
}

/**
 * Whether these options include a socket option. It warns about names that resemble an option of
 * uvnet.
 */
export function namesOption(options: object): boolean {
  let found = false;
  // Inherited properties count, as everywhere in node:net.
  for (const name in options) {
    if (familiar.has(name)) continue;
    if (socketOptionNames.has(name)) found = true;
    else judge(name);
  }
  return found;
}
