import { clearTimeout, setTimeout } from '../base/timers';
import type { LookupFunction } from 'node:net';
import { defaultFamily } from './defaults';
import { dnsModule } from '../base/builtins';
import { debug } from '../base/diagnostics';
import { ERR_INVALID_ADDRESS_FAMILY, ERR_INVALID_IP_ADDRESS } from '../base/errors';
import { isIP } from '../base/ip';
import type { ConnectCall, Family, Target } from './attempt';

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
export function lookupOne(call: ConnectCall, query: NameQuery, use: UseTargets): void {
  const { host, family, hints } = query;
  const { socket } = call;
  debug('connect: looking up one address of %s', host);
  ask(call, query, { family, hints }, (error, address, found) => {
    socket.emit('lookup', error, address, found, host);
    if (!call.isPending) return;
    const answer = { address: address as string, family: found! };
    const failure = error ?? unusable(answer, query);
    if (failure) {
      failLater(call, failure);
      return;
    }
    socket._unrefTimer();
    use([answer as Target], true);
  });
}

/** Asks for all addresses, in one lookup. */
export function lookupAll(call: ConnectCall, query: NameQuery, use: UseTargets): void {
  const { socket } = call;
  askForAll(call, query, query.family, (error, answers) => {
    if (error) {
      socket.emit('lookup', error, undefined, undefined, query.host);
      failLater(call, error);
      return;
    }
    const targets = announce(call, query, answers);
    if (targets === undefined) return;
    if (targets.length === 0) {
      failLater(call, unusable(answers[0], query)!);
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
export function lookupBoth(call: ConnectCall, query: NameQuery, use: UseTargets): void {
  const { socket } = call;
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

  const answered = (family: Family, error: Error | null, answers: readonly Answer[]): void => {
    pending--;
    const targets = error ? [] : announce(call, query, answers);
    if (targets === undefined) return;
    // Of two failures the one about IPv4 is reported, as by a lookup of both.
    if (family === 4 || failure === undefined) failure = error ?? unusable(answers[0], query);
    if (family === 4 && pending > 0) {
      held = targets;
      timer = setTimeout(() => {
        if (call.isLatest && call.isPending) release(held);
        held = [];
      }, RESOLUTION_DELAY);
      return;
    }
    release([...targets, ...held]);
    held = [];
    if (used || pending > 0) return;
    socket.emit('lookup', failure, undefined, undefined, query.host);
    failLater(call, failure!);
  };

  for (const family of [6, 4] as const) {
    askForAll(call, query, family, (error, answers) => answered(family, error, answers));
    if (!call.isPending) return;
  }
}

function askForAll(
  call: ConnectCall,
  query: NameQuery,
  family: number | undefined,
  done: (error: Error | null, answers: readonly Answer[]) => void,
): void {
  debug('connect: looking up %s (family %s)', query.host, family);
  ask(call, query, { family, hints: query.hints, all: true }, (error, answers) => {
    if (!call.isPending) return;
    // Lookups of programs answer anything: what is no list is one answer of no use.
    done(error, Array.isArray(answers) ? answers.map(answerOf) : [answerOf(undefined)]);
  });
}

/** Asks the lookup. The answer that counts is its first, and that to the socket's last call. */
function ask(
  call: ConnectCall,
  { host, lookup }: NameQuery,
  options: object,
  done: (error: Error | null, address: unknown, family?: number) => void,
): void {
  let answered = false;
  lookup(host, options, (error, address, family) => {
    if (answered || !call.isLatest) return;
    answered = true;
    done(error, address, family);
  });
}

/** What a lookup may answer for an address, checked by `unusable`. */
interface Answer {
  readonly address?: unknown;
  readonly family?: unknown;
}

const answerOf = (answer: unknown): Answer => answer ?? {};

/** Emits 'lookup' for each answer and picks the usable ones. Undefined: a listener ended it all. */
function announce(
  call: ConnectCall,
  { host }: NameQuery,
  answers: readonly Answer[],
): Target[] | undefined {
  const targets: Target[] = [];
  for (const { address, family } of answers) {
    call.socket.emit('lookup', null, address, family, host);
    if (!call.isPending) return undefined;
    if (isUsable(address) && isFamily(family)) targets.push({ address, family });
  }
  return targets;
}

const isUsable = (address: unknown): address is string =>
  typeof address === 'string' && isIP(address) !== 0;

function unusable(answer: Answer | undefined, { named }: NameQuery): Error | undefined {
  const { address, family } = answer ?? {};
  if (!isUsable(address)) return new ERR_INVALID_IP_ADDRESS(address);
  if (isFamily(family)) return undefined;
  return new ERR_INVALID_ADDRESS_FAMILY(family, named.host as string, named.port);
}

/** The caller of connect() has had no chance to listen for errors yet. */
function failLater(call: ConnectCall, error: Error): void {
  process.nextTick(() => call.fail(error));
}
