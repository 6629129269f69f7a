import { clearTimeout, setTimeout } from '../base/timers';
import type { LookupFunction } from 'node:net';
import { defaultFamily } from './defaults';
import { dnsModule } from '../base/builtins';
import { debug } from '../base/diagnostics';
import { ERR_INVALID_ADDRESS_FAMILY, ERR_INVALID_IP_ADDRESS } from '../base/errors';
import { isIP } from '../base/ip';
import type { ConnectCall, Family, Target } from './attempt';

/**
 * Resolves a name to the addresses to try. Each result is announced by 'lookup'. A lookup that
 * fails or returns nothing usable destroys the socket.
 */

/** How many milliseconds an A result waits for the AAAA result (RFC 8305, section 3). */
const RESOLUTION_DELAY = 50;

export interface NameQuery {
  readonly host: string;
  readonly lookup: LookupFunction;
  /** 4 or 6; any other value means both. */
  readonly family: number | undefined;
  readonly hints: number;
  /** The values that the program gave, for errors. */
  readonly named: { readonly host?: unknown; readonly port?: unknown };
}

/** Takes candidates. `complete` means that no more will follow. */
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

/** Looks up one address. */
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

/** Looks up all addresses with one lookup. */
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
 * Looks up IPv6 and IPv4 addresses separately and at the same time (RFC 8305, section 3). The first
 * IPv6 result is used at once. An IPv4 result that comes first waits a little for it.
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
    // If both fail, the error for IPv4 is reported, as a lookup for both families does.
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
    // A custom lookup may return anything. A result that is not a list counts as one unusable
    // address.
    done(error, Array.isArray(answers) ? answers.map(answerOf) : [answerOf(undefined)]);
  });
}

/**
 * Calls the lookup function. Only its first result counts, and only for the last call of
 * `connect()`.
 */
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

/** An address from a lookup, which `unusable` must check. */
interface Answer {
  readonly address?: unknown;
  readonly family?: unknown;
}

const answerOf = (answer: unknown): Answer => answer ?? {};

/**
 * Emits 'lookup' for each result and returns the usable ones, or undefined if a listener ended the
 * connect.
 */
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

/** Fails in a later tick, so that the caller of connect() can add a listener for errors. */
function failLater(call: ConnectCall, error: Error): void {
  process.nextTick(() => call.fail(error));
}
