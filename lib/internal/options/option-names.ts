import { optionsPart } from './part';
import * as own from './own-options';
import { socketOptionNames } from './socket-option-names';

/**
 * The names of options. One that nobody knows and that is nearly one of uvnet's own is a mistake
 * which nothing else would tell: `{ proxyProtocl: 'required' }` would let everybody in.
 */

/** Those that `node:net` and its streams take. */
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

/** uvnet's own, of `uvnet/lean` too, without socket options. */
const ownNames = [
  ...Object.keys(own.serverOptions),
  ...Object.keys(own.listenOptions),
  ...Object.keys(own.connectOptions),
  'borrow',
  'framing',
];

/** Socket options that are options of `node:net` as well, which sockets and servers deal with. */
const sharedNames: ReadonlySet<string> = new Set(['noDelay', 'keepAlive', 'keepAliveInitialDelay']);

/** Names of which nothing is to be said: they are known, or were judged before. */
const familiar = new Set([...nodeNames, ...ownNames]);
for (const name of socketOptionNames) if (!sharedNames.has(name)) familiar.delete(name);

/** Programs may make names up for ever. */
const MOST_FAMILIAR = 1000;

function judge(name: string): void {
  if (familiar.size >= MOST_FAMILIAR) return;
  familiar.add(name);
  optionsPart().warnOfName(name, [...ownNames, ...socketOptionNames], 'the option');
}

/** Whether there is a socket option among these. Warns of a name that is nearly one of uvnet's. */
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
