// Runs programs made from seeds on node:net and on uvnet. Both sides of the connection must see the
// same. A failure prints its seed and the smallest program that still shows the difference.
// UVNET_SEED runs one seed, or with `from-to` a range.
import type { Implementation } from '../helpers/implementations';
import { implementations, reference } from '../helpers/implementations';
import { compare } from './compare';
import { makeProgram } from './program';

const nightly = process.env.UVNET_NIGHTLY === '1';
const only = process.env.UVNET_SEED;
const [first = 1, last = first] = only?.split('-').map(Number) ?? [1, nightly ? 2000 : 200];
const PER_TEST = 50;

// The reference against itself shows that a difference is one of behaviour, not of timing.
const rivals: [string, Implementation][] = implementations.map((each) => [each.name, each]);

describe.each(rivals)('random programs on node:net and on %s', (_, rival) => {
  for (let from = first; from <= last; from += PER_TEST) {
    const to = Math.min(from + PER_TEST, last + 1);
    test(`programs of the seeds ${from} to ${to - 1} have the same result on both`, async () => {
      const reports: string[] = [];
      for (let seed = from; seed < to && reports.length < 3; seed++) {
        const program = makeProgram(seed);
        const report = await compare(reference, rival, program);
        if (report !== undefined) reports.push(report);
      }
      expect(reports.join('\n\n')).toBe('');
    }, 120_000);
  }
});
