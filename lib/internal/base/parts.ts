import { lazily } from './builtins';

/**
 * Parts of uvnet that a program may never need. Each is a file of its own in dist/ (see
 * scripts/lib/bundle.mjs), so that who does not use it does not wait for V8 to read it.
 */

const parts: (() => unknown)[] = [];

/**
 * Names a part, which is loaded at its first use.
 *
 * @param load - requires it
 */
export function lazyPart<Part>(load: () => Part): () => Part {
  const part = lazily(load);
  parts.push(part);
  return part;
}

/**
 * Loads all of them. A server does so when it listens: once its peers are there it may have no
 * descriptor left to open a file with, or no right any more to read its own.
 *
 * @throws what `require()` throws
 */
export function loadParts(): void {
  for (const load of parts) load();
}
