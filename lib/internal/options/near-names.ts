/** Finds the intended name for a misspelt one. */

/**
 * The edit distance of two words: how many letters must be changed, added, removed or swapped with
 * their neighbour.
 */
export function distance(one: string, other: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const current = [i];
    for (let j = 1; j <= other.length; j++) {
      const change = previous[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1);
      let least = Math.min(change, previous[j] + 1, current[j - 1] + 1);
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        least = Math.min(least, before[j - 2] + 1);
      }
      current.push(least);
    }
    before = previous;
    previous = current;
  }
  return previous[other.length];
}

/** Other words that programs use as option names. */
const notMisspelt: ReadonlySet<string> = new Set(['handler', 'handlers']);

/** Short names resemble too many others. */
function tolerance(name: string): number {
  if (name.length < 5) return 0;
  return name.length < 9 ? 1 : 2;
}

/** Returns the most similar of `names`, if it is similar enough. */
export function nearName(given: string, names: Iterable<string>): string | undefined {
  if (notMisspelt.has(given)) return undefined;
  const wanted = given.toLowerCase();
  let nearest: string | undefined;
  let least = Infinity;
  for (const name of names) {
    const far = distance(wanted, name.toLowerCase());
    if (far <= tolerance(name) && far < least) [nearest, least] = [name, far];
  }
  return nearest;
}

/** Warns if an unknown name resembles one of `names`. */
export function warnOfName(given: string, names: Iterable<string>, what: string): void {
  const meant = nearName(given, names);
  if (meant === undefined) return;
  process.emitWarning(`Unknown ${what} '${given}'. Did you mean '${meant}'?`, 'UvnetWarning');
}
