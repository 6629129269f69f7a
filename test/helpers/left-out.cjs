'use strict';

// Leaves out cases, for the jest environments. Which ones, scripts/lib/left-out.mjs says.

/** The full name of a case, as the patterns of the lists see it. */
function nameOf(test) {
  const names = [];
  for (let at = test; at.parent; at = at.parent) names.unshift(at.name);
  return names.join(' › ');
}

function* casesOf(block) {
  for (const child of block.children) {
    if (child.type === 'test') yield child;
    else yield* casesOf(child);
  }
}

/**
 * Skips those cases below a block that match one of the entries { what, why }. Their names then have the reason, by which
 * scripts/lib/jest-report.mjs counts them.
 */
function leaveOut(block, entries) {
  const patterns = entries.map(({ what, why }) => [new RegExp(what), why]);
  for (const test of casesOf(block)) {
    const name = nameOf(test);
    const [, why] = patterns.find(([pattern]) => pattern.test(name)) ?? [];
    if (why === undefined || test.mode === 'skip') continue;
    test.mode = 'skip';
    test.name += ` [left out: ${why}]`;
  }
}

module.exports = { leaveOut, nameOf };
