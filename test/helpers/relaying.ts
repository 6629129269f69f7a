// Two connections for a relay to join: left – a, b – right.
import path from 'node:path';

import { implementations } from './implementations';
import type { Scope, Transport } from './scope';

export type Lean = typeof import('../../lib/lean');
type Socket = import('../../lib/index').Socket;

const source = process.env.UVNET_TEST_ENTRY ?? path.resolve(__dirname, '../../lib/index.ts');

/** `uvnet/lean` on the same native code as the implementation under test. */

export const lean = require(path.join(path.dirname(source), 'lean')) as Lean;

/** The argument of `require()` with which a child process or a worker gets the same module. */
export const leanEntry = path.join(
  path.dirname(implementations.find(({ isUvnet }) => isUvnet)!.entry),
  'lean.js',
);

export interface Line {
  /** The far ends. */
  left: Socket;
  right: Socket;
  /** The relayed sockets: the accepted peer of `left`, and the client whose peer is `right`. */
  a: Socket;
  b: Socket;
}

export interface LineOptions {
  left?: Transport;
  right?: Transport;
  /** Options of all four sockets. */
  sockets?: object;
}

/** All four are half-open unless told otherwise, so that each end closes its own direction only. */
export async function openLine(scope: Scope, options: LineOptions = {}): Promise<Line> {
  const { left = 'tcp', right = 'tcp', sockets } = options;
  const both = { allowHalfOpen: true, ...sockets };
  const first = await scope.pair({ transport: left, server: both, client: both });
  const second = await scope.pair({ transport: right, server: both, client: both });
  return {
    left: first.client as Socket,
    a: first.peer as Socket,
    b: second.client as Socket,
    right: second.peer as Socket,
  };
}
