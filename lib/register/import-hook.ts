import module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { RegisterOptions, Witness } from './packages';

/**
 * `import` on versions of Node without `module.registerHooks()`: the hook runs in a thread of Node
 * (thread-hooks.mts).
 */

/** The data that the thread gets. */
export interface ThreadData {
  readonly url: string;
  readonly options: RegisterOptions;
  /** One number: 1 while the hook is active. A hook of such a thread cannot be removed. */
  readonly active: Int32Array;
  /** Reports which packages have requested `net`. */
  readonly port: MessagePort;
}

/** A message of the thread about a package that has requested `net`. */
export interface Asked {
  readonly name: string;
  readonly served: boolean;
}

export interface ImportHook {
  undo(): void;
  /** Processes the messages of the thread so far. */
  collect(): void;
}

export function hookImport(entry: string, options: RegisterOptions, witness: Witness): ImportHook {
  const active = new Int32Array(new SharedArrayBuffer(4)).fill(1);
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  const data: ThreadData = { url: pathToFileURL(entry).href, options, active, port: port2 };
  module.register(pathToFileURL(path.join(__dirname, 'thread-hooks.mjs')), {
    data,
    transferList: [port2],
  });
  return {
    undo() {
      Atomics.store(active, 0, 0);
    },
    collect() {
      for (;;) {
        const received = receiveMessageOnPort(port1);
        if (received === undefined) return;
        const { name, served } = received.message as Asked;
        witness(name, served);
      }
    },
  };
}
