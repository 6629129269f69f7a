// Compares the API of uvnet with the running Node's net. Every difference must be listed here with
// its reason; any other is a mistake. If Node has something that uvnet lacks, that is always a
// mistake.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { addonEnvironment } from '../helpers/child';

interface Difference {
  where: string;
  theirs?: string;
  ours?: string;
}

const script = path.resolve(__dirname, '../../scripts/compare-surface.mjs');
const differences = JSON.parse(
  execFileSync(process.execPath, [script, '--json'], { env: addonEnvironment, encoding: 'utf8' }),
) as Difference[];

/** Names that uvnet adds to Node 26.10. */
const ADDITIONS = new Map([
  ['backend', 'tells whether the native code is in use'],
  ['Socket.prototype.fd', 'child_process takes a stream with a descriptor for stdio'],

  ['BlockList.from', 'makes a list of rules at once'],
  ['BlockList.Symbol.hasInstance', 'lists made by node:net are lists as well'],
  ['BlockList.prototype.addMany', 'many rules in one call'],
  ['BlockList.prototype.replaceMany', 'many rules in place of all others'],
  ['BlockList.prototype.share', 'the same list in several threads'],
  ['SocketAddress.Symbol.hasInstance', 'addresses made by node:net are addresses as well'],
  ['SocketAddress.prototype.toString', 'address:port, [v6]:port'],

  ['BoundSocket.attach', 'takes up a token of another thread'],
  ['BoundSocket.prototype.detach', 'gives a token for another thread'],
  ['Server.attach', 'takes up a token of another thread'],
  ['Server.prototype.detach', 'gives a token for another thread'],
  ['Socket.attach', 'takes up a token of another thread'],
  ['Socket.prototype.detach', 'gives a token for another thread'],
  ['Socket.fromNode', 'transfers the connection of a socket of node:net to uvnet'],
  ['Socket.prototype.toNode', 'transfers the connection to a socket of node:net'],
  ['Socket.prototype.toLean', 'transfers the connection to a handler table'],
  ['Server.Symbol.hasInstance', 'servers of node:net are servers as well'],
  ['Socket.Symbol.hasInstance', 'sockets of node:net are sockets as well'],

  [
    'Server.prototype.maxConnections',
    'an accessor, because the native code decides; a plain property in Node',
  ],
  [
    'Server.prototype.blockList',
    'an accessor, because the native code decides; a plain property in Node',
  ],
  ['Server.prototype.maxConnectionsPerAddress', 'limit of the listener'],
  ['Server.prototype.acceptRate', 'limit of the listener'],
  ['Server.prototype.limitGroup', 'servers that count together'],
  ['Server.prototype.connectionAttemptTimeout', 'closes connections that say nothing'],
  ['Server.prototype.proxyProtocol', 'addresses from a proxy'],
  ['Server.prototype.trustedProxies', 'which proxies are believed'],
  ['Server.prototype.proxyHeaderTimeout', 'how long a proxy may take'],
  ['Server.prototype.closeIdleConnections', 'graceful shutdown'],
  ['Server.prototype.closeAllConnections', 'graceful shutdown'],
  ['Server.prototype.stats', 'counters of the listener'],
  ['Server.prototype.setOption', 'socket options by name'],
  ['Server.prototype.getOption', 'socket options by name'],
  ['Socket.prototype.setOption', 'socket options by name'],
  ['Socket.prototype.getOption', 'socket options by name'],
  ['Socket.prototype.info', 'TCP_INFO'],
  ['Socket.prototype.peerCredentials', 'who is at the other end of a unix socket'],
  ['Socket.prototype.sendDescriptor', 'descriptors over unix sockets'],
  ['Socket.prototype.peek', 'bytes that stay unread'],
  ['Socket.prototype.proxyInfo', 'what the PROXY protocol said'],
  ['Socket.prototype.write', 'a short way past Writable for the common write'],
]);

/** Names of Node 26.10 that older versions lack. */
const BACKFILLED = new Set([
  'BoundSocket',
  'BlockList.isBlockList',
  'BlockList.PRIVATE_RANGES',
  'BlockList.prototype.addAddresses',
  'BlockList.prototype.addCIDR',
  'BlockList.prototype.addCIDRs',
  'BlockList.prototype.removeAddress',
  'BlockList.prototype.removeRange',
  'BlockList.prototype.removeSubnet',
  'BlockList.prototype.removeCIDR',
  'BlockList.prototype.clear',
  'BlockList.prototype.size',
  'BlockList.prototype.toJSON',
  'BlockList.prototype.fromJSON',
  'SocketAddress.parse',
  'Socket.prototype.setTypeOfService',
  'Socket.prototype.getTypeOfService',
  'Server.prototype.Symbol.asyncDispose',
  '_TransferredBoundSocket',
]);

/** Names that both have in a different form. */
const CHANGED = new Map([
  ['Socket.prototype.bufferSize', 'may be assigned: the kernel’s send buffer'],
  ['Socket.prototype.setKeepAlive', 'takes interval and count, as Node 26 does'],
]);

/**
 * Node sets these on each socket. Here they are on the prototype until they are assigned, because
 * making sockets dominates the cost of short connections.
 */
const ON_THE_PROTOTYPE = [
  '_hadError', '_parent', '_host', '_closeAfterHandlingError', '_sockname', '_pendingData', '_pendingEncoding',
]; // prettier-ignore
const MOVED = new Set(
  ON_THE_PROTOTYPE.flatMap((name) => [`Socket.prototype.${name}`, `new Socket().${name}`]),
);

const unexpected = (select: (difference: Difference) => boolean): Difference[] =>
  differences.filter((each) => !MOVED.has(each.where) && select(each));

describe('the surface of uvnet against the running Node', () => {
  test('lacks nothing', () => {
    expect(unexpected(({ ours }) => ours === undefined)).toEqual([]);
  });

  test('has the same kind of property, with the same length and enumerability', () => {
    const changed = unexpected(({ ours, theirs }) => ours !== undefined && theirs !== undefined);
    expect(changed.filter(({ where }) => !CHANGED.has(where))).toEqual([]);
  });

  test('adds only the names in the list', () => {
    const added = unexpected(({ theirs }) => theirs === undefined);
    const nameless = added.filter(({ where }) => !ADDITIONS.has(where) && !BACKFILLED.has(where));
    expect(nameless).toEqual([]);
  });
});
