import { channel } from 'node:diagnostics_channel';
import type * as diagnostics from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

/** The diagnostics channels of Node's net. uvnet publishes on them too. */
export const clientSocketChannel = channel('net.client.socket');
export const serverSocketChannel = channel('net.server.socket');

interface TracingChannel {
  readonly hasSubscribers: boolean;
  readonly asyncStart: diagnostics.Channel;
  readonly asyncEnd: diagnostics.Channel;
  readonly error: diagnostics.Channel;
}

const part = (name: string): diagnostics.Channel => channel(`tracing:net.server.listen:${name}`);

/**
 * `tracing:net.server.listen:*`. Early releases of Node 20 lack the helper, so the names are
 * written out.
 */
export const serverListenChannel: TracingChannel = {
  asyncStart: part('asyncStart'),
  asyncEnd: part('asyncEnd'),
  error: part('error'),
  get hasSubscribers() {
    return (
      this.asyncStart.hasSubscribers || this.asyncEnd.hasSubscribers || this.error.hasSubscribers
    );
  },
};

/** `NODE_DEBUG=net`. */
export const debug = debuglog('net');
