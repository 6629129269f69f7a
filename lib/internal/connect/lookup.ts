import { clearTimeout, setTimeout } from 'node:timers';
import type * as dns from 'node:dns';
import type { LookupFunction } from 'node:net';
import { defaultFamily } from './defaults';
import { dnsModule } from '../base/builtins';
import { debug } from '../base/diagnostics';
import { ERR_INVALID_ADDRESS_FAMILY, ERR_INVALID_IP_ADDRESS } from '../base/errors';
import { isIP } from '../base/ip';
import type { Family, Target } from './race';
import type { SocketImpl } from '../socket/socket-state';

/**
 * From a name to the addresses to try. Each answer is announced by 'lookup'; a lookup that fails, or
 * that yields nothing usable, destroys the socket.
 */

/** RFC 8305, section 3: how long an A answer waits for the AAAA answer, in milliseconds. */
const RESOLUTION_DELAY = 50;

export interface NameQuery {
  readonly host: string;
  readonly lookup: LookupFunction;
  /** 4, 6, or anything else for both. */
  readonly family: number | undefined;
  readonly hints: number;
  /** As the user gave them, for errors. */
  readonly named: { readonly host?: unknown; readonly port?: unknown };
}

/** Takes candidates; `complete` says that no more will come. */
export type UseTargets = (targets: readonly Target[], complete: boolean) => void;

export function queryOf(
  host: string,
  options: {
    family?: unknown;
    hints?: number;
    lookup?: LookupFunction;
    port?: unknown;
    autoSelectFamily?: boolean;
    localAddress?: string;
  },
): NameQuery {
  const named = FAMILIES[options.family as string] ?? (options.family as number | undefined);
  const family = named || (defaultFamily(options) ?? named);
  let hints = options.hints || 0;
  if (process.platform !== 'win32' && !isFamily(family) && hints === 0) {
    hints = dnsModule().ADDRCONFIG;
  }
  return {
    host,
    lookup: options.lookup ?? dnsModule().lookup,
    family,
    hints,
    named: options,
  };
}

const FAMILIES: Record<string, number> = { IPv4: 4, IPv6: 6 };

export const isFamily = (family: unknown): family is Family => family === 4 || family === 6;

/** Asks for one address. */
export function lookupOne(socket: SocketImpl, query: NameQuery, use: UseTargets): void {
  const { host, lookup, family, hints } = query;
  debug('connect: looking up one address of %s', host);
  lookup(host, { family, hints }, (error, address, found) => {
    socket.emit('lookup', error, address, found, host);
    if (!socket.connecting) return;
    const answer = { address: address as string, family: found! };
    const failure = error ?? unusable(answer, query);
    if (failure) {
      destroyLater(socket, failure);
      return;
    }
    socket._unrefTimer();
    use([answer as Target], true);
  });
}

/** Asks for all addresses, in one lookup. */
export function lookupAll(socket: SocketImpl, query: NameQuery, use: UseTargets): void {
  ask(socket, query, query.family, (error, answers) => {
    if (error) {
      socket.emit('lookup', error, undefined, undefined, query.host);
      destroyLater(socket, error);
      return;
    }
    const targets = announce(socket, query, answers);
    if (targets === undefined) return;
    if (targets.length === 0) {
      destroyLater(socket, unusable(answers[0], query)!);
      return;
    }
    socket._unrefTimer();
    use(targets, true);
  });
}

/**
 * Asks for IPv6 and for IPv4 addresses separately and at the same time (RFC 8305, section 3). The
 * first IPv6 answer is used at once; an IPv4 answer that comes before it waits a little for it.
 */
export function lookupBoth(socket: SocketImpl, query: NameQuery, use: UseTargets): void {
  let pending = 2;
  let held: readonly Target[] = [];
  let timer: NodeJS.Timeout | undefined;
  let used = false;
  let failure: Error | undefined;

  const release = (targets: readonly Target[]): void => {
    clearTimeout(timer);
    if (targets.length === 0 && (pending > 0 || !used)) return;
    used = true;
    socket._unrefTimer();
    use(targets, pending === 0);
  };

  const answered = (family: Family, error: Error | null, answers: dns.LookupAddress[]): void => {
    pending--;
    const targets = error ? [] : announce(socket, query, answers);
    if (targets === undefined) return;
    // Of two failures the one about IPv4 is told, as a lookup of both would do it.
    if (family === 4 || failure === undefined) failure = error ?? unusable(answers[0], query);
    if (family === 4 && pending > 0) {
      held = targets;
      timer = setTimeout(() => {
        if (socket.connecting) release(held);
        held = [];
      }, RESOLUTION_DELAY);
      return;
    }
    release([...targets, ...held]);
    held = [];
    if (used || pending > 0) return;
    socket.emit('lookup', failure, undefined, undefined, query.host);
    destroyLater(socket, failure!);
  };

  for (const family of [6, 4] as const) {
    ask(socket, query, family, (error, answers) => answered(family, error, answers));
    if (!socket.connecting) return;
  }
}

function ask(
  socket: SocketImpl,
  { host, lookup, hints }: NameQuery,
  family: number | undefined,
  done: (error: Error | null, answers: dns.LookupAddress[]) => void,
): void {
  debug('connect: looking up %s (family %s)', host, family);
  const options = { family, hints, all: true } as dns.LookupOptions;
  lookup(host, options, (error, answers) => {
    if (socket.connecting) done(error, answers as dns.LookupAddress[]);
  });
}

/** Emits 'lookup' for each answer and picks the usable ones. Undefined: a listener ended it all. */
function announce(
  socket: SocketImpl,
  { host }: NameQuery,
  answers: readonly dns.LookupAddress[],
): Target[] | undefined {
  const targets: Target[] = [];
  for (const { address, family } of answers) {
    socket.emit('lookup', null, address, family, host);
    if (!socket.connecting) return undefined;
    if (isIP(address) && isFamily(family)) targets.push({ address, family });
  }
  return targets;
}

function unusable(answer: dns.LookupAddress | undefined, { named }: NameQuery): Error | undefined {
  const { address, family } = answer ?? {};
  if (typeof address !== 'string' || !isIP(address)) {
    return new ERR_INVALID_IP_ADDRESS(address);
  }
  if (isFamily(family)) return undefined;
  return new ERR_INVALID_ADDRESS_FAMILY(family, named.host as string, named.port);
}

/** Whoever called connect() has had no chance to listen for errors yet. */
function destroyLater(socket: SocketImpl, error: Error): void {
  process.nextTick(() => socket.destroy(error));
}
