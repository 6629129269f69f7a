// What a JSON report of jest means for people.
import path from 'node:path';
import { failedInControl, isControl } from './controls.mjs';
import { root } from './tools.mjs';

/**
 * The names that are not failures of uvnet. The cases are written for Linux, where node:net passes each of them. On other
 * platforms, a case that node:net fails says nothing about uvnet.
 */
function namesApart(names, platform) {
  if (platform === 'linux') return new Set();
  return new Set([...names.filter(isControl), ...failedInControl(names)]);
}

/** Why a case was skipped, which is in its name (test/helpers/needs.ts and left-out.cjs). */
const reasonOf = (name) => /\[((?:needs|left out:) [^\]]+)\]/.exec(name)?.[1];

/**
 * Answers { passed, failures, skipped, apart }: a number, and lists with a line for each case. Those that are apart fail on
 * node:net, too.
 */
export function readReport({ numPassedTests, testResults }, platform = process.platform) {
  const result = { passed: numPassedTests, failures: [], skipped: [], apart: [] };
  for (const { name, status, assertionResults } of testResults) {
    const file = path.relative(root, name).replaceAll(path.sep, '/');
    const namesOf = (wanted) =>
      assertionResults.filter((each) => each.status === wanted).map(({ fullName }) => fullName);
    const failed = namesOf('failed');
    const apart = namesApart(failed, platform);
    for (const each of failed) {
      (apart.has(each) ? result.apart : result.failures).push(`${file}: ${each}`);
    }
    // A file that could not be run at all.
    if (status === 'failed' && failed.length === 0) result.failures.push(file);
    result.skipped.push(...namesOf('pending').map(reasonOf).filter(Boolean));
  }
  return result;
}
