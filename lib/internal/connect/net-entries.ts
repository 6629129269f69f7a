import type * as nodeNet from 'node:net';
import { netModule, performanceModule } from '../base/builtins';
import { clientSocketChannel } from '../base/diagnostics';
import type { SocketImpl } from '../socket/socket-state';

/**
 * The 'net' entries of perf_hooks: one for each TCP connection made. Only core can queue them, for
 * a socket of its own; so that is what makes them here, a core socket on a handle that does nothing,
 * told of the attempt and of its success at the times they happen.
 *
 * Nothing of this runs before a program observes something. Whether it is 'net' core knows, and
 * makes entries or not.
 */

let watching = false;
let observing = false;

/** Whether a connect may have to be noted. */
export function isObserved(): boolean {
  if (!watching) watch();
  return observing;
}

/** From the first connect on: core tells nobody who observes, and a core socket for each is dear. */
function watch(): void {
  watching = true;
  const prototype = performanceModule().PerformanceObserver.prototype as {
    observe(...args: unknown[]): void;
  };
  const { observe } = prototype;
  prototype.observe = {
    observe(this: unknown, ...args: unknown[]): void {
      observing = true;
      Reflect.apply(observe, this, args);
    },
  }.observe;
  // Where a probe would be seen by others, there is nothing to lose by assuming so.
  observing = clientSocketChannel.hasSubscribers || isObservedByNow();
}

/** Whether core notes connects already: then it keeps the beginning of an entry with the socket. */
function isObservedByNow(): boolean {
  const { socket } = begin('127.0.0.1', 1, 4);
  const begun = Object.getOwnPropertySymbols(socket).some(
    ({ description }) => description === 'kPerfHooksNetConnectContext',
  );
  socket.destroy();
  return begun;
}

interface ConnectRequest {
  oncomplete(status: number, handle: object, request: object, read: boolean, write: boolean): void;
}

interface Entry {
  readonly socket: nodeNet.Socket;
  complete(): void;
}

/**
 * Runs what core would do in the next tick in this one: an attempt to reach an address. A name that
 * is looked up at once would do without, but to find that it is no IPv6 address core compiles a
 * regular expression, and that takes longer than all of `require('uvnet')`.
 */
function atOnce(begin: () => void): void {
  const { nextTick } = process;
  process.nextTick = (callback, ...args) => {
    Reflect.apply(callback, undefined, args);
  };
  try {
    begin();
  } finally {
    process.nextTick = nextTick;
  }
}

/** Begins an entry. One that is not completed leaves no trace. */
function begin(address: string, port: number, family: number): Entry {
  let request: ConnectRequest | undefined;
  const nothing = (): number => 0;
  const connect = (given: ConnectRequest): number => {
    request = given;
    return 0;
  };
  const handle = {
    connect,
    connect6: connect,
    getAsyncId: nothing,
    readStart: nothing,
    readStop: nothing,
    close: nothing,
  };
  const socket = new (netModule().Socket)({ handle, manualStart: true } as never);
  atOnce(() => socket.connect({ host: address, port, family }));
  return {
    socket,
    complete() {
      request?.oncomplete(0, handle, request, true, true);
      socket.destroy();
    },
  };
}

/** Makes an entry for a socket that begins to connect. */
export function noteConnect(socket: SocketImpl): void {
  // Core would tell the subscribers of the channel of a socket that is none.
  if (clientSocketChannel.hasSubscribers) return;
  const attempts = new Map<string, Entry>();
  let last: Entry | undefined;
  const onAttempt = (address: string, port?: number, family?: number): void => {
    if (port === undefined || family === undefined) return;
    last = begin(address, port, family);
    attempts.set(address, last);
  };
  socket.on('connectionAttempt', onAttempt);
  const end = (): void => {
    socket.off('connectionAttempt', onAttempt);
    socket.off('connect', onConnect);
    socket.off('close', end);
  };
  const onConnect = (): void => {
    end();
    (attempts.get(socket._getpeername().address!) ?? last)?.complete();
  };
  socket.once('connect', onConnect);
  socket.once('close', end);
}
