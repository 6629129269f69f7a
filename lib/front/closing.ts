import type * as nodeNet from 'node:net';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../internal/base/timers';
import { validateInteger, validateObject } from '../internal/base/validators';
import type { FrontCloseOptions, FrontCloseResult } from '../types/front';
import { openHandles, socketOf, type Holder } from './accepted';
import { endSessions } from './sessions';
import { StandIn, type Listening } from './stand-in';

/** Ending a front in order. */

/** Milliseconds between two looks for http connections that have become idle. */
const IDLE_CHECK = 50;

export interface Closing {
  readonly result: Promise<FrontCloseResult>;
  timer: NodeJS.Timeout | undefined;
  idle: NodeJS.Timeout | undefined;
  destroyed: number;
}

interface EndingFront extends Listening, Holder {
  readonly server: nodeNet.Server;
  readonly _connections: number;
  once(event: 'close', listener: () => void): unknown;
}

/** What is on its way, by front. */
const closings = new WeakMap<EndingFront, Closing>();

function begin(front: EndingFront): Closing {
  const open = front._connections;
  const state: Omit<Closing, 'result'> = { timer: undefined, idle: undefined, destroyed: 0 };
  const result = new Promise<FrontCloseResult>((resolve) => {
    const done = (): void => {
      clearTimeout(state.timer);
      clearInterval(state.idle);
      closings.delete(front);
      resolve({ ended: open - state.destroyed, destroyed: state.destroyed });
    };
    if (front._handle === null && open === 0) done();
    else front.once('close', done);
  });
  return Object.assign(state, { result });
}

/**
 * A connection of http that was at work when the server closed stays open after its answer. This
 * does not hold for a server that goes on listening elsewhere.
 */
function endIdle(front: EndingFront, closing: Closing): void {
  const { server } = front as { server: nodeNet.Server & { closeIdleConnections?: () => void } };
  if (server.closeIdleConnections === undefined || server.listening) return;
  closing.idle = setInterval(() => server.closeIdleConnections!(), IDLE_CHECK);
}

function destroyAll(front: EndingFront, closing: Closing): void {
  const handles = openHandles(front);
  closing.destroyed = handles.length;
  for (const handle of handles) {
    const socket = socketOf(handle);
    if (socket === undefined) handle.close();
    else socket.destroy();
  }
}

/** See {@link Front.close} in types/front.ts. */
export async function closeFront(
  front: EndingFront,
  options: FrontCloseOptions = {},
): Promise<FrontCloseResult> {
  validateObject(options, 'options');
  const { gracePeriod } = options;
  if (gracePeriod !== undefined) {
    validateInteger(gracePeriod, 'options.gracePeriod', 0, 2 ** 31 - 1);
  }
  let closing = closings.get(front);
  if (closing === undefined) {
    closing = begin(front);
    if (front._handle !== null || front._connections > 0) closings.set(front, closing);
    front.stop();
    StandIn.detach(front.server, front);
    endSessions(front.server, front);
    if (closings.has(front)) endIdle(front, closing);
  }
  if (gracePeriod !== undefined) {
    const present = closing;
    clearTimeout(present.timer);
    present.timer = setTimeout(() => destroyAll(front, present), gracePeriod);
  }
  return closing.result;
}
