/** Runs in the thread in which Node has hooks of `import` run; see import-hook.ts. */
import type { InitializeHook, ResolveHook } from 'node:module';
import type { Asked, ThreadData } from './import-hook.js';
import { isNet, Packages } from './packages.js';

let data: ThreadData;
let packages: Packages;

export const initialize: InitializeHook<ThreadData> = (given) => {
  data = given;
  packages = new Packages(data.options, (name, served) => {
    const asked: Asked = { name, served };
    data.port.postMessage(asked);
  });
};

export const resolve: ResolveHook = (specifier, context, nextResolve) => {
  if (!isNet(specifier) || Atomics.load(data.active, 0) === 0) {
    return nextResolve(specifier, context);
  }
  if (!packages.gets(context.parentURL)) return nextResolve(specifier, context);
  return { url: data.url, format: 'module', shortCircuit: true };
};
