// Compares two implementations on a program, and reduces a program with a difference.
import { libuvSeesLateResets, type Implementation } from '../helpers/implementations';
import type { Program } from './program';
import { describeProgram } from './program';
import { runProgram } from './run';
import type { Trace } from './run';

/** The first line in which two traces differ, with a little of what is before. */
function difference(left: Trace, right: Trace, names: [string, string]): string | undefined {
  for (const channel of Object.keys(left) as (keyof Trace)[]) {
    const [a, b] = [left[channel], right[channel]];
    const at = Array.from({ length: Math.max(a.length, b.length) }).findIndex(
      (_, index) => a[index] !== b[index],
    );
    if (at < 0) continue;
    const show = (name: string, lines: string[]): string =>
      `    ${name.padEnd(9)} ${lines.slice(Math.max(0, at - 4), at + 5).join(' | ')}`;
    return `  ${channel}:\n${show(names[0], a)}\n${show(names[1], b)}`;
  }
  return undefined;
}

/** How two implementations differ on a program, or undefined. */
async function compareOnce(
  left: Implementation,
  right: Implementation,
  program: Program,
): Promise<string | undefined> {
  const first = await runProgram(left.net, program);
  const second = await runProgram(right.net, program);
  return difference(first, second, [left.name, right.name]);
}

const REPEATS = 3;

/**
 * Whether a difference is caused by a timer only. If the machine is stalled for longer than a
 * timeout of the program, 'timeout' comes before data that would have come first. The same program
 * does not show this difference again.
 */
async function comesOfTimer(
  left: Implementation,
  right: Implementation,
  program: Program,
): Promise<boolean> {
  const timed = program.steps.some(({ operations }) =>
    operations.some((operation) => operation.do === 'timeout'),
  );
  for (let repeat = 0; timed && repeat < REPEATS; repeat++) {
    if ((await compareOnce(left, right, program)) !== undefined) return false;
  }
  return timed;
}

/** Removes steps, operations and early calls as long as the two still differ. */
async function shrink(
  left: Implementation,
  right: Implementation,
  program: Program,
  attempts = 200,
): Promise<Program> {
  let smallest = program;
  for (let again = true; again;) {
    again = false;
    for (const candidate of smaller(smallest)) {
      if (attempts-- <= 0) return smallest;
      if ((await compareOnce(left, right, candidate)) === undefined) continue;
      smallest = candidate;
      again = true;
      break;
    }
  }
  return smallest;
}

function* smaller(program: Program): Generator<Program> {
  if (program.early.length > 0) yield { ...program, early: [] };
  const without = <T>(list: T[], index: number): T[] => list.filter((_, other) => other !== index);
  for (let at = program.steps.length - 1; at >= 0; at--) {
    yield { ...program, steps: without(program.steps, at) };
  }
  for (const [at, step] of program.steps.entries()) {
    if (step.operations.length < 2) continue;
    for (let index = 0; index < step.operations.length; index++) {
      const fewer = { ...step, operations: without(step.operations, index) };
      yield {
        ...program,
        steps: program.steps.map((each, other) => (other === at ? fewer : each)),
      };
    }
  }
}

/** The program with a callback for each write, so that uvnet does not gather the writes. */
function ungathered(program: Program): Program {
  const steps = program.steps.map((step) => ({
    ...step,
    operations: step.operations.map((operation) =>
      operation.do === 'write' ? { ...operation, callback: true } : operation,
    ),
  }));
  return { ...program, steps };
}

/**
 * Whether a difference is the one that docs/COMPATIBILITY.md lists for gathered writes: with
 * node:net, the second write of a turn fails because the peer is gone; uvnet sends both in one
 * call.
 */
async function comesOfGathering(
  left: Implementation,
  right: Implementation,
  program: Program,
  report: string,
): Promise<boolean> {
  const [, first = ''] = report.split('\n');
  if (!first.includes('EPIPE or ECONNRESET')) return false;
  return (await compareOnce(left, right, ungathered(program))) === undefined;
}

/** Whether a difference is a reset that only uvnet sees on the running version of Node. */
function comesOfLateReset(report: string): boolean {
  const [, first = '', second = ''] = report.split('\n');
  const seen = 'error EPIPE or ECONNRESET | close true';
  return !libuvSeesLateResets && second.includes(seen) && !first.includes(seen);
}

/**
 * Returns a report about the difference on a program, with its smallest form first. It is undefined
 * if there is no difference, or only that of gathered writes, of a late reset or of a timer.
 */
export async function compare(
  left: Implementation,
  right: Implementation,
  program: Program,
): Promise<string | undefined> {
  const found = await compareOnce(left, right, program);
  if (found === undefined || (await comesOfTimer(left, right, program))) return undefined;
  const smallest = await shrink(left, right, program);
  const last = (await compareOnce(left, right, smallest)) ?? '  (seen once, not again)';
  if (comesOfLateReset(last)) return undefined;
  if (await comesOfGathering(left, right, smallest, last)) return undefined;
  return `${describeProgram(smallest)}\n${last}`;
}
