import { lazily } from './builtins';

/**
 * Parts of uvnet that a program may never need. Each is a separate file in dist/ (see
 * scripts/lib/bundle.mjs), so programs that do not use it do not wait until V8 has read it.
 */

const parts: (() => unknown)[] = [];

/**
 * Declares a part, which is loaded when it is first used.
 *
 * @param load - calls `require()`
 */
export function lazyPart<Part>(load: () => Part): () => Part {
  const part = lazily(load);
  parts.push(part);
  return part;
}

/**
 * Loads all parts. A server calls this when it starts to listen. Once it has clients, it may have
 * no descriptor left to open a file, or no permission to read its own files.
 *
 * @throws what `require()` throws
 */
export function loadParts(): void {
  for (const load of parts) load();
}
