import type * as nodeNet from 'node:net';
import { clearTimeout, setInterval, setTimeout } from '../internal/base/timers';
import { validateInteger, validateObject } from '../internal/base/validators';
import type { FrontCloseOptions, FrontCloseResult } from '../types/front';
import { openHandles, socketOf, type Holder } from './accepted';
import { announceEnds } from './last-answers';
import { endSessions } from './sessions';
import type { Routing } from './routing';
import type { Listening } from './stand-in';

/** Ending a front in order. */

/** Milliseconds between two looks for http connections that have become idle. */
const IDLE_CHECK = 50;

export interface Closing {
  readonly result: Promise<FrontCloseResult>;
  timer: NodeJS.Timeout | undefined;
  /** Until the idle connections are closed, and then the checks for those that become idle. */
  idle: NodeJS.Timeout | undefined;
  /** The servers behind the front when it began to close. */
  readonly servers: readonly nodeNet.Server[];
  /** They are still to be closed. */
  keepsIdle: boolean;
  destroyed: number;
  /** Ends it. */
  end(): void;
}

type HttpServer = nodeNet.Server & { closeIdleConnections(): void };

interface EndingFront extends Listening, Holder {
  /** The servers that listen through the front. */
  readonly servers: ReadonlySet<nodeNet.Server>;
  readonly routing: Routing | undefined;
  detach(server: nodeNet.Server): void;
  readonly _connections: number;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** What is on its way, by front. */
const closings = new WeakMap<EndingFront, Closing>();

function begin(front: EndingFront): Closing {
  const open = front._connections;
  const servers = [...front.servers];
  let announced: (() => void)[] = [];
  let resolve!: (result: FrontCloseResult) => void;
  const state: Closing = {
    servers,
    timer: undefined,
    idle: undefined,
    keepsIdle: true,
    destroyed: 0,
    result: new Promise((settle) => (resolve = settle)),
    end() {
      clearTimeout(state.timer);
      clearTimeout(state.idle);
      closings.delete(front);
      front.off('close', closed);
      for (const end of announced) end();
      const { destroyed } = state;
      resolve({ ended: open - front._connections - destroyed, destroyed });
    },
  };
  const closed = (): void => {
    state.end();
    // Servers that have no connections left need not wait.
    if (state.keepsIdle) for (const server of servers) front.detach(server);
  };
  if (front._handle === null && open === 0) {
    closed();
  } else {
    announced = servers.map((server) => announceEnds(server, front));
    front.once('close', closed);
  }
  return state;
}

/** The front listens again, so its connections go on. */
export function endClosing(front: EndingFront): void {
  closings.get(front)?.end();
}

/**
 * Closes the servers, which end their idle connections. A connection of http that is at work now
 * stays open after its answer if that answer had begun, so it is looked for. This does not hold for
 * a server that goes on listening elsewhere.
 */
function endIdle(front: EndingFront, closing: Closing): void {
  closing.keepsIdle = false;
  for (const server of closing.servers) front.detach(server);
  const ending = closing.servers.filter(
    (server): server is HttpServer => 'closeIdleConnections' in server && !server.listening,
  );
  if (ending.length === 0) return;
  closing.idle = setInterval(() => {
    for (const server of ending) server.closeIdleConnections();
  }, IDLE_CHECK);
}

function destroyAll(front: EndingFront, closing: Closing): void {
  const handles = openHandles(front);
  closing.destroyed = handles.length + (front.routing?.connections.destroyAll() ?? 0);
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
  const { gracePeriod, idlePeriod } = options;
  for (const [name, value] of Object.entries({ gracePeriod, idlePeriod })) {
    if (value !== undefined) validateInteger(value, `options.${name}`, 0, 2 ** 31 - 1);
  }
  let closing = closings.get(front);
  const isFirst = closing === undefined;
  if (closing === undefined) {
    // Nobody gets the connections that have no server yet. They do not count as ended.
    front.routing?.abandon();
    closing = begin(front);
    if (front._handle !== null || front._connections > 0) closings.set(front, closing);
    front.stop();
    for (const server of closing.servers) endSessions(server, front);
  }
  const present = closing;
  const goesOn = closings.has(front);
  if (goesOn && present.keepsIdle && (isFirst || idlePeriod !== undefined)) {
    clearTimeout(present.idle);
    if (idlePeriod) present.idle = setTimeout(() => endIdle(front, present), idlePeriod);
    else endIdle(front, present);
  }
  if (goesOn && gracePeriod !== undefined) {
    clearTimeout(present.timer);
    present.timer = setTimeout(() => destroyAll(front, present), gracePeriod);
  }
  return present.result;
}
