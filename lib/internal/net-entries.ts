import * as nodeNet from 'node:net';
import { PerformanceObserver } from 'node:perf_hooks';
import { clientSocketChannel } from './diagnostics';
import type { SocketImpl } from './socket-state';

/**
 * The 'net' entries of perf_hooks: one for each TCP connection made. Only core can queue them, for
 * a socket of its own; so that is what makes them here, a core socket on a handle that does nothing,
 * told of the attempt and of its success at the times they happen.
 *
 * Nothing of this runs before a program observes something. Whether it is 'net' core knows, and
 * makes entries or not.
 */

let observing = false;

/** Whether a connect may have to be noted. */
export function isObserved(): boolean {
  return observing;
}

// Core tells nobody who observes, and a socket of core's for each connect would be dear.
const prototype = PerformanceObserver.prototype as { observe(...args: unknown[]): void };
const { observe } = prototype;
prototype.observe = {
  observe(this: PerformanceObserver, ...args: unknown[]): void {
    observing = true;
    Reflect.apply(observe, this, args);
  },
}.observe;

interface ConnectRequest {
  oncomplete(status: number, handle: object, request: object, read: boolean, write: boolean): void;
}

/** Begins an entry; the function returned completes it. One that is not completed leaves no trace. */
function beginEntry(address: string, port: number, family: number): () => void {
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
  const socket = new nodeNet.Socket({ handle, manualStart: true } as never);
  socket.connect({
    // A name that is looked up at once, so that the attempt begins at once.
    host: 'localhost',
    port,
    family,
    autoSelectFamily: false,
    lookup: (_name, _options, callback) => callback(null, address, family),
  });
  return () => {
    request?.oncomplete(0, handle, request, true, true);
    socket.destroy();
  };
}

/** Makes an entry for a socket that begins to connect. */
export function noteConnect(socket: SocketImpl): void {
  // Core would tell the subscribers of the channel of a socket that is none.
  if (clientSocketChannel.hasSubscribers) return;
  const attempts = new Map<string, () => void>();
  let last: (() => void) | undefined;
  const onAttempt = (address: string, port?: number, family?: number): void => {
    if (port === undefined || family === undefined) return;
    last = beginEntry(address, port, family);
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
    (attempts.get(socket._getpeername().address!) ?? last)?.();
  };
  socket.once('connect', onConnect);
  socket.once('close', end);
}
