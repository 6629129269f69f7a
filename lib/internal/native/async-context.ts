import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** What the native part has to know of Node's async contexts, and cannot find out by itself. */

let onResource: boolean | undefined;

/**
 * Whether `AsyncLocalStorage#enterWith` sticks to the async resource, as up to Node 22, instead of
 * ending with the callback. Then connections must not share a resource.
 */
export function storesOnResource(): boolean {
  return (onResource ??= probe());
}

function probe(): boolean {
  const storage = new AsyncLocalStorage<boolean>();
  const resource = new AsyncResource('UVNET');
  resource.runInAsyncScope(() => storage.enterWith(true));
  const stuck = resource.runInAsyncScope(() => storage.getStore()) === true;
  storage.disable();
  return stuck;
}
