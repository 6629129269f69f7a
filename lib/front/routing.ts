import type * as nodeNet from 'node:net';
import { ERR_INVALID_ARG_TYPE } from '../internal/base/errors';
import { kLimits } from '../internal/base/symbols';
import { dropData, isBlocked } from '../internal/listen/accept';
import type { DropReason } from '../internal/listen/accept-policy';
import type { ServerImpl } from '../internal/listen/server-impl';
import type { SniffedParts } from '../internal/native/native-types';
import type { Handle } from '../internal/native/handle';
import { Socket } from '../internal/socket/socket';
import { proxyHeader } from '../lean/proxy-header';
import { relay } from '../lean/relay';
import type { Hello } from '../types/hello';
import type * as declared from '../types/interfaces';
import type { AcceptedHandle, Holder } from './accepted';
import { endsOf, makeHello } from './hello';
import { deliver, listens } from './stand-in';
import {
  isRelayTarget,
  isServer,
  isUvnetServer,
  type Choose,
  type RelayTarget,
  type Target,
} from './targets';
import { UvnetConnections } from './uvnet-connections';

/** The distribution of a front's connections over several servers. */

interface RoutedFront extends ServerImpl, Holder {
  /** Calls a function in the context of `listen()`. */
  run<Result>(fn: (...args: never[]) => Result, ...args: unknown[]): Result;
  /** Has the server listen through the front. Returns true if this is the first call. */
  attach(server: nodeNet.Server): boolean;
  /** Emits an event in the context of `listen()`. */
  report(event: string, ...args: unknown[]): void;
}

const isPromise = (value: unknown): value is PromiseLike<Target> =>
  typeof (value as Partial<PromiseLike<Target>> | null | undefined)?.then === 'function';

export class Routing {
  /** The connections that nobody has got yet. */
  private readonly waiting = new Set<AcceptedHandle>();
  /** Servers that were chosen for the first time, and may not have emitted 'listening' yet. */
  private readonly starting = new Set<nodeNet.Server>();
  /** How many relays have begun, and how many have failed. */
  relays = 0;
  relayErrors = 0;
  readonly connections: UvnetConnections;

  constructor(
    private readonly front: RoutedFront,
    private readonly choose: Choose,
  ) {
    this.connections = new UvnetConnections(front);
  }

  /** A connection has come, and its first bytes are known. */
  arrive(handle: AcceptedHandle, sniffed: SniffedParts | undefined): void {
    const hello = makeHello(handle, sniffed);
    this.waiting.add(handle);
    // The native code cannot ask the lists of `node:net`.
    if (this.front[kLimits].hasNodeList && isBlocked(this.front, hello.remoteAddress)) {
      this.drop(handle, hello, 'blockList');
      return;
    }
    let chosen: Promise<Target>;
    try {
      const target = this.front.run(this.choose, hello);
      if (!isPromise(target)) {
        this.give(handle, hello, target);
        return;
      }
      chosen = Promise.resolve(target);
    } catch (error) {
      this.drop(handle, hello, 'noTarget');
      throw error;
    }
    void chosen.then(
      // What a server throws is not a rejection of this promise.
      (target) => process.nextTick(() => this.giveLater(handle, hello, target)),
      (error: unknown) => {
        this.drop(handle, hello, 'noTarget');
        throw error;
      },
    );
  }

  /** The front closes: nobody gets the connections that wait. */
  abandon(): void {
    for (const handle of this.waiting) handle.close();
    this.waiting.clear();
  }

  private giveLater(handle: AcceptedHandle, hello: Hello, target: Target): void {
    try {
      this.give(handle, hello, target);
    } catch (error) {
      this.drop(handle, hello, 'noTarget');
      throw error;
    }
  }

  private give(handle: AcceptedHandle, hello: Hello, target: Target): void {
    // The front may have been closed in the meantime.
    if (!this.waiting.has(handle)) return;
    if (target == null) {
      this.drop(handle, hello, 'noTarget');
    } else if (isServer(target)) {
      if (this.isReady(target)) this.giveToServer(handle, hello, target);
      else process.nextTick(() => this.giveToServer(handle, hello, target));
    } else if (typeof target === 'function') {
      this.take(handle, (taken) => this.connections.giveToFunction(target, taken, false));
    } else if (typeof target === 'object' && isRelayTarget(target)) {
      this.startRelay(handle, hello, target);
    } else {
      throw new ERR_INVALID_ARG_TYPE('target', ['Server', 'Function', 'RelayTarget'], target);
    }
  }

  /**
   * Has the server listen. http and others get ready for connections in their event 'listening',
   * which is on its way if this returns false.
   */
  private isReady(server: nodeNet.Server): boolean {
    if (this.front.attach(server)) {
      this.starting.add(server);
      process.nextTick(() => this.starting.delete(server));
    }
    return !this.starting.has(server);
  }

  private giveToServer(handle: AcceptedHandle, hello: Hello, server: nodeNet.Server): void {
    if (!this.waiting.has(handle)) return;
    // Nobody closes a server to get more connections.
    if (!listens(server)) this.drop(handle, hello, 'noTarget');
    else if (!isUvnetServer(server)) this.giveToNode(handle, server);
    else if (isBlocked(server, hello.remoteAddress)) this.drop(handle, hello, 'blockList');
    else this.take(handle, (taken) => this.connections.giveToServer(server, taken));
  }

  private giveToNode(handle: AcceptedHandle, server: nodeNet.Server): void {
    this.waiting.delete(handle);
    this.front[kLimits].policy.count();
    this.front.run(deliver, server, handle);
  }

  /**
   * Makes a handle of uvnet for the connection, and gives it away. Returns false if there is no
   * descriptor for it; the connection is closed then.
   */
  private take(handle: AcceptedHandle, giveTaken: (taken: Handle) => void): boolean {
    const { front } = this;
    let taken: Handle;
    this.waiting.delete(handle);
    try {
      taken = this.connections.take(handle);
    } catch (error) {
      handle.close();
      front.report('acceptError', error);
      return false;
    }
    front[kLimits].policy.count();
    front.run(giveTaken, taken);
    return true;
  }

  private startRelay(handle: AcceptedHandle, hello: Hello, target: RelayTarget): void {
    const { connect, sendProxy, relay: options } = target;
    // Its errors in the options show before the connection is given away.
    const header = sendProxy === undefined ? undefined : proxyHeader(hello, { version: sendProxy });
    const upstream = new Socket(connect) as unknown as declared.Socket;
    try {
      upstream.connect(connect as never);
    } catch (error) {
      // It may have a handle already.
      upstream.destroy();
      throw error;
    }
    if (header !== undefined) upstream.write(header);
    const start = (socket: declared.Socket): void => {
      relay(socket, upstream, options).catch((error: unknown) => {
        // A relay that could not start leaves both connections to their owner.
        socket.destroy();
        upstream.destroy();
        this.relayErrors++;
        // What a listener throws is not a rejection.
        process.nextTick(() => this.front.report('relayError', error, hello));
      });
    };
    const isTaken = this.take(handle, (taken) => {
      this.connections.giveToFunction(start, taken, true);
    });
    if (isTaken) this.relays++;
    else upstream.destroy();
  }

  private drop(handle: AcceptedHandle, hello: Hello, reason: DropReason): void {
    if (!this.waiting.delete(handle)) return;
    const { front } = this;
    handle.close();
    front[kLimits].policy.count(reason);
    if (front.listenerCount('drop') === 0) return;
    const { remote, local } = endsOf(hello);
    front.report('drop', dropData(reason, local, remote));
  }
}
