/**
 * Generated from native/options/socket_options.def by scripts/generate-socket-options.mjs; do not edit.
 *
 * The names of the socket options. The table with their details is loaded only for a program that
 * uses one.
 */
export const socketOptionNames: ReadonlySet<string> = new Set([
  'multipath',
  'reuseAddr',
  'reusePort',
  'ipv6Only',
  'bindToDevice',
  'freeBind',
  'transparent',
  'mark',
  'typeOfService',
  'priority',
  'ttl',
  'sendBufferSize',
  'recvBufferSize',
  'maxSegment',
  'noDelay',
  'keepAlive',
  'keepAliveInitialDelay',
  'keepAliveInterval',
  'keepAliveCount',
  'userTimeout',
  'linger',
  'notSentLowWater',
  'congestion',
  'busyPoll',
  'incomingCpu',
  'oobInline',
  'deferAccept',
  'fastOpen',
  'quickAck',
]);
