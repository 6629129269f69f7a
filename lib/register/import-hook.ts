import module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { RegisterOptions, Witness } from './packages';

/**
 * `import` of Nodes without `module.registerHooks()`: the hook runs in a thread of Node's
 * (thread-hooks.mts).
 */

/** What the thread gets to know. */
export interface ThreadData {
  readonly url: string;
  readonly options: RegisterOptions;
  /** One number: 1 while the hook is to act. A hook of such a thread cannot be taken away. */
  readonly active: Int32Array;
  /** It says which packages have asked. */
  readonly port: MessagePort;
}

/** A package that has asked, in a message of the thread. */
export interface Asked {
  readonly name: string;
  readonly served: boolean;
}

export interface ImportHook {
  undo(): void;
  /** Passes on what the thread has said so far. */
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
