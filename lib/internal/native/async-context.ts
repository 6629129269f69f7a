import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** Facts about Node's async contexts that the native code cannot determine by itself. */

let onResource: boolean | undefined;

/**
 * Whether `AsyncLocalStorage#enterWith` attaches to the async resource, as up to Node 22, instead
 * of ending with the callback. In that case, connections must not share a resource.
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
