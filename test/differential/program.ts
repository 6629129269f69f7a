// Random programs of calls on the two sides of one connection, made from a seed.
import { Random } from '../helpers/random';

export type Side = 'client' | 'server';

export type Operation =
  | { do: 'write'; size: number; text: boolean; callback: boolean }
  | { do: 'end'; size: number }
  | { do: 'cork' | 'uncork' | 'pause' | 'resume' }
  | { do: 'destroy' | 'destroyWithError' | 'destroySoon' | 'reset' }
  | { do: 'timeout' };

export interface Step {
  side: Side;
  operations: Operation[];
  /** Where they run: at once, or in the next listener of that event on that side. */
  inside: 'now' | 'data' | 'end' | 'finish' | 'close' | 'callback';
}

export interface Program {
  seed: number;
  transport: 'tcp' | 'unix';
  /** May close abruptly; otherwise all written data must arrive. */
  abrupt: boolean;
  halfOpen: Record<Side, boolean>;
  /** What the client does before it is connected. */
  early: Operation[];
  steps: Step[];
}

const MOST_STEPS = 30;

/**
 * How many bytes may be in flight to a side that does not read, in a program that closes abruptly.
 * Every kernel accepts this amount at once, and every socket reads it into its buffer. With more,
 * the kernel's buffers would decide which bytes are lost.
 */
const ABRUPT_UNREAD = 4096;
const GRACEFUL_WRITE = 300_000;

export function makeProgram(seed: number): Program {
  const random = new Random(seed);
  const abrupt = random.chance(0.6);
  const most = abrupt ? ABRUPT_UNREAD : GRACEFUL_WRITE;
  // Small enough that all writes of a whole abrupt program may wait unread.
  let left = most * (abrupt ? 1 : 8);
  const size = (): number => {
    const chosen = random.chance(0.05) ? 0 : Math.min(random.size(most), left);
    left -= chosen;
    return chosen;
  };
  const operation = (): Operation => {
    const roll = random.next();
    if (roll < 0.5) {
      return { do: 'write', size: size(), text: random.chance(0.4), callback: random.chance(0.6) };
    }
    if (roll < 0.58) return { do: random.chance(0.5) ? 'cork' : 'uncork' };
    if (roll < 0.66) return { do: 'uncork' };
    if (roll < 0.74) return { do: 'pause' };
    if (roll < 0.84) return { do: 'resume' };
    if (roll < 0.89) return { do: 'end', size: random.chance(0.5) ? size() : 0 };
    if (roll < 0.91) return { do: 'timeout' };
    if (!abrupt) return { do: 'resume' };
    if (roll < 0.93) return { do: 'destroySoon' };
    return { do: random.pick(['destroy', 'destroy', 'destroyWithError', 'reset'] as const) };
  };
  const operations = (most_: number): Operation[] =>
    Array.from({ length: random.integer(1, most_) }, operation);
  const early = operations(3).filter((each) => each.do === 'write' || each.do === 'end');
  // A write after end would destroy the socket before there is a connection.
  const ended = early.findIndex((each) => each.do === 'end');
  if (ended >= 0) early.length = ended + 1;
  const steps = Array.from({ length: random.integer(3, MOST_STEPS) }, (): Step => {
    const inside = random.chance(0.75)
      ? 'now'
      : random.pick(['data', 'end', 'finish', 'close', 'callback'] as const);
    return {
      side: random.chance(0.5) ? 'client' : 'server',
      operations: operations(random.chance(0.3) ? 6 : 1),
      inside,
    };
  });
  return {
    seed,
    transport: random.chance(0.5) ? 'tcp' : 'unix',
    abrupt,
    halfOpen: { client: random.chance(0.5), server: random.chance(0.5) },
    early: random.chance(0.3) ? early : [],
    steps,
  };
}

/** Describes each step in one line, for the reader of a difference. */
export function describeProgram(program: Program): string {
  const show = (operation: Operation): string => {
    if (operation.do === 'write') {
      const extra = `${operation.text ? ', text' : ''}${operation.callback ? ', callback' : ''}`;
      return `write(${operation.size}${extra})`;
    }
    return operation.do === 'end' ? `end(${operation.size || ''})` : `${operation.do}()`;
  };
  const half = (['client', 'server'] as const).filter((side) => program.halfOpen[side]);
  return [
    `seed ${program.seed}, ${program.transport}, allowHalfOpen: ${half.join(', ') || 'none'}`,
    ...(program.early.length > 0 ? [`  early client: ${program.early.map(show).join('; ')}`] : []),
    ...program.steps.map(({ side, operations, inside }, index) => {
      const where = inside === 'now' ? '' : ` inside ${inside}`;
      return `  ${index} ${side}${where}: ${operations.map(show).join('; ')}`;
    }),
  ].join('\n');
}
