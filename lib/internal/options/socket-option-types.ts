/**
 * Generated from native/options/socket_options.def by scripts/generate-socket-options.mjs; do not edit.
 *
 * Names, types and limits of the socket options.
 */

/** The differentiated services code points that have a name (IANA registry, RFC 2474). */
export type DscpName =
  | 'DF'
  | 'LE'
  | 'CS0'
  | 'CS1'
  | 'AF11'
  | 'AF12'
  | 'AF13'
  | 'CS2'
  | 'AF21'
  | 'AF22'
  | 'AF23'
  | 'CS3'
  | 'AF31'
  | 'AF32'
  | 'AF33'
  | 'CS4'
  | 'AF41'
  | 'AF42'
  | 'AF43'
  | 'CS5'
  | 'VA'
  | 'EF'
  | 'CS6'
  | 'CS7';

/** The traffic class as a byte (0 to 255), or as the name of a code point, in either case. */
export type TrafficClass = number | DscpName | Lowercase<DscpName>;

/** The values that `setOption()` takes, by name. */
export interface SocketOptionInputs {
  /**
   * Multipath TCP: the connection may use several network paths at once. Falls back to plain
   * TCP when the peer does not support it; `getOption` shows whether the connection is
   * multipath. RFC 8684. Effective when set with `connect`/`listen` only. Available on Linux.
   */
  multipath: boolean;

  /**
   * Bind to an address with former connections in TIME_WAIT. On by default for everything that
   * binds. Not available on Windows, because the option with this name lets another program
   * take over a port in use there. socket(7). Effective when set before listen. Available on
   * Linux, macOS.
   */
  reuseAddr: boolean;

  /**
   * Several sockets listen on one address, and the kernel spreads connections over them. Only
   * available if the kernel really balances them. socket(7). Effective when set before bind.
   * Available on Linux.
   */
  reusePort: boolean;

  /**
   * An IPv6 socket does not serve IPv4. RFC 3493, ipv6(7). Effective when set before bind.
   * Available on Linux, macOS, Windows.
   */
  ipv6Only: boolean;

  /**
   * Use this network interface only. Linux lets an ordinary user set it once; changing it
   * needs CAP_NET_RAW. socket(7). Effective when set before bind. Available on Linux, macOS.
   */
  bindToDevice: string;

  /**
   * Bind to an address that this machine does not have (yet). ip(7). Effective when set before
   * bind. Available on Linux.
   */
  freeBind: boolean;

  /**
   * Transparent proxy: bind to foreign addresses and accept connections that TPROXY diverted.
   * Needs CAP_NET_ADMIN. ip(7). Effective when set before bind. Available on Linux.
   */
  transparent: boolean;

  /**
   * Mark on every packet, for policy routing and firewall rules. Needs CAP_NET_ADMIN.
   * socket(7). An integer, 0 to 4294967295. Effective when set at any time. Available on
   * Linux.
   */
  mark: number;

  /**
   * The TOS byte of IPv4, the traffic class of IPv6: the DSCP in the upper six bits. The lower
   * two belong to ECN and stay the kernel's on TCP. Linux also derives `priority` from it. RFC
   * 2474, ip(7). In byte or DSCP name, 0 to 255. Effective when set at any time. Available on
   * Linux, macOS, Windows.
   */
  typeOfService: TrafficClass;

  /**
   * Queueing priority inside this machine; 6 at most without CAP_NET_ADMIN. Setting
   * `typeOfService` changes it, so `typeOfService` is set first. socket(7). An integer, 0 to
   * 2147483647. Effective when set at any time. Available on Linux.
   */
  priority: number;

  /**
   * How many hops a packet may take. ip(7), RFC 3493. An integer, 1 to 255. Effective when set
   * at any time. Available on Linux, macOS, Windows.
   */
  ttl: number;

  /**
   * Size of the kernel's send buffer. Setting it turns off automatic tuning on Linux. Linux
   * reports twice the requested size, which includes its own bookkeeping, and caps it at
   * net.core.wmem_max. socket(7). In bytes, 1 to 2147483647. Effective when set at any time.
   * Available on Linux, macOS, Windows.
   */
  sendBufferSize: number;

  /**
   * Size of the kernel's receive buffer. The handshake fixes the window scale, so sizes above
   * 64 KiB have their full effect only when set before it. Linux reports twice the requested
   * size and caps it at net.core.rmem_max. socket(7). In bytes, 1 to 2147483647. Effective
   * when set before connect or listen. Available on Linux, macOS, Windows.
   */
  recvBufferSize: number;

  /**
   * Largest segment to send and to announce to the peer. On a connection, `getOption` returns
   * the size in use. tcp(7). In bytes, 88 to 32767. Effective when set before connect or
   * listen. Available on Linux.
   */
  maxSegment: number;

  /**
   * Send small segments at once instead of waiting for acknowledgements (Nagle's algorithm
   * off). tcp(7). Effective when set at any time. Available on Linux, macOS, Windows.
   */
  noDelay: boolean;

  /**
   * Probe the peer of an idle connection. socket(7). Effective when set at any time. Available
   * on Linux, macOS, Windows.
   */
  keepAlive: boolean;

  /**
   * Idle time before the first keep-alive probe. tcp(7). In ms, 1 to 32767000. Effective when
   * set at any time. Available on Linux, macOS, Windows.
   */
  keepAliveInitialDelay: number;

  /**
   * Time between keep-alive probes. tcp(7). In ms, 1 to 32767000. Effective when set at any
   * time. Available on Linux, macOS, Windows.
   */
  keepAliveInterval: number;

  /**
   * Unanswered keep-alive probes after which the connection ends with ETIMEDOUT. tcp(7). An
   * integer, 1 to 127. Effective when set at any time. Available on Linux, macOS, Windows.
   */
  keepAliveCount: number;

  /**
   * How long sent data may stay unacknowledged before the connection ends with ETIMEDOUT. On
   * Linux it also limits the handshake, and replaces `keepAliveCount` on an idle connection
   * with keep-alive. 0: the kernel's own limit. tcp(7), RFC 5482. In ms, 0 to 2147483647.
   * Effective when set at any time. Available on Linux, macOS, Windows.
   */
  userTimeout: number;

  /**
   * How close() treats unsent data. 0: it drops the data and resets the connection. Above 0:
   * on Linux, it blocks the *whole thread* for up to this time, even for non-blocking sockets;
   * macOS knows at most 327 seconds. false (the default): it returns at once, and the kernel
   * sends the data in the background. socket(7). Effective when set at any time. Available on
   * Linux, macOS, Windows.
   */
  linger: number | false;

  /**
   * The kernel accepts new data only while fewer unsent bytes than this are queued. So urgent
   * data waits behind less other data. tcp(7). In bytes, 0 to 2147483647. Effective when set
   * at any time. Available on Linux, macOS.
   */
  notSentLowWater: number;

  /**
   * Congestion control algorithm, such as `cubic` or `bbr`. Algorithms that
   * net.ipv4.tcp_allowed_congestion_control does not list need CAP_NET_ADMIN. tcp(7).
   * Effective when set at any time. Available on Linux.
   */
  congestion: string;

  /**
   * How long the kernel polls the device queue if no data waits. Older kernels require
   * CAP_NET_ADMIN to increase it. socket(7). In µs, 0 to 2147483647. Effective when set at any
   * time. Available on Linux.
   */
  busyPoll: number;

  /**
   * With `reusePort`: this listener prefers connections whose packets this CPU handles. On a
   * connection, `getOption` returns the CPU that handled its last packet. socket(7). An
   * integer, 0 to 2147483647. Effective when set at any time. Available on Linux.
   */
  incomingCpu: number;

  /**
   * Urgent data stays in the stream instead of being discarded. socket(7). Effective when set
   * at any time. Available on Linux, macOS, Windows.
   */
  oobInline: boolean;

  /**
   * The listener wakes up only when data has arrived on a connection, or after about this
   * time. Linux counts in retransmissions of the handshake, and reports how long they take.
   * tcp(7). In ms, 0 to 2147483647. Effective when set before connect or listen. Available on
   * Linux.
   */
  deferAccept: number;

  /**
   * Listening: accept data in the SYN, from at most this many connections whose handshake is
   * not complete. Linux also requires bit 2 of net.ipv4.tcp_fastopen. RFC 7413, tcp(7).
   * Effective when set before connect or listen. Available on Linux, Windows.
   *
   * Connecting: send the first write in the SYN, if the server has provided a cookie before.
   * With a cookie, `connect` is reported before any packet is sent. So the race of addresses
   * ends at that point, and a server that speaks first is not contacted until you write. RFC
   * 7413, tcp(7). Effective when set before connect or listen. Available on Linux.
   */
  fastOpen: number | boolean;

  /**
   * Acknowledge at once. The effect is temporary: the kernel returns to delayed
   * acknowledgements by itself. tcp(7). Effective when set once connected. Available on Linux.
   */
  quickAck: boolean;
}

/** The values that `getOption()` returns, by name: those of `setOption()`, in their plainest form. */
export interface SocketOptionValues extends Omit<SocketOptionInputs, 'typeOfService'> {
  typeOfService: number;
}

/** All optional; undefined is allowed, as everywhere in `node:net`. */
type Given<Options> = { [Name in keyof Options]?: Options[Name] | undefined };

/** Options of `connect()`, set on the new socket before it connects. */
export interface ConnectSocketOptions extends Given<
  Pick<
    SocketOptionInputs,
    | 'multipath'
    | 'reuseAddr'
    | 'reusePort'
    | 'ipv6Only'
    | 'bindToDevice'
    | 'freeBind'
    | 'transparent'
    | 'mark'
    | 'typeOfService'
    | 'priority'
    | 'ttl'
    | 'sendBufferSize'
    | 'recvBufferSize'
    | 'maxSegment'
    | 'noDelay'
    | 'keepAlive'
    | 'keepAliveInitialDelay'
    | 'keepAliveInterval'
    | 'keepAliveCount'
    | 'userTimeout'
    | 'linger'
    | 'notSentLowWater'
    | 'congestion'
    | 'busyPoll'
    | 'oobInline'
    | 'quickAck'
  >
> {
  /**
   * Connecting: send the first write in the SYN, if the server has provided a cookie before.
   * With a cookie, `connect` is reported before any packet is sent. So the race of addresses
   * ends at that point, and a server that speaks first is not contacted until you write. RFC
   * 7413, tcp(7). Effective when set before connect or listen. Available on Linux.
   */
  fastOpen?: boolean | undefined;
}

/** Options of `listen()` and `createServer()`, for the listening socket and its connections. */
export interface ListenSocketOptions extends Given<
  Pick<
    SocketOptionInputs,
    | 'multipath'
    | 'reuseAddr'
    | 'reusePort'
    | 'ipv6Only'
    | 'bindToDevice'
    | 'freeBind'
    | 'transparent'
    | 'mark'
    | 'typeOfService'
    | 'priority'
    | 'ttl'
    | 'sendBufferSize'
    | 'recvBufferSize'
    | 'maxSegment'
    | 'noDelay'
    | 'keepAlive'
    | 'keepAliveInitialDelay'
    | 'keepAliveInterval'
    | 'keepAliveCount'
    | 'userTimeout'
    | 'linger'
    | 'notSentLowWater'
    | 'congestion'
    | 'busyPoll'
    | 'incomingCpu'
    | 'oobInline'
    | 'deferAccept'
    | 'quickAck'
  >
> {
  /**
   * Listening: accept data in the SYN, from at most this many connections whose handshake is
   * not complete. Linux also requires bit 2 of net.ipv4.tcp_fastopen. RFC 7413, tcp(7).
   * Effective when set before connect or listen. Available on Linux, Windows.
   */
  fastOpen?: number | boolean | undefined;
}

/** The name of a socket option. */
export type SocketOptionName = keyof SocketOptionInputs;

/** One row of the table. The native code identifies an option by the index of its row. */
export interface SocketOptionRow {
  readonly name: SocketOptionName;
  readonly kind:
    | 'Flag'
    | 'Count'
    | 'Bytes'
    | 'Microseconds'
    | 'Milliseconds'
    | 'TrafficClass'
    | 'Linger'
    | 'Text'
    | 'Interface'
    | 'QueueLength'
    | 'Protocol';
  readonly minimum: number;
  readonly maximum: number;
  readonly stage: 'Create' | 'Bind' | 'Bound' | 'Connect' | 'Any' | 'Connected';
  readonly server: 'Inherited' | 'Each' | 'Listener' | 'OnlyListener' | 'Never';
  readonly domain: 'Tcp' | 'Any';
  readonly platforms: readonly NodeJS.Platform[];
  /** The names in C, for messages about unknown names. */
  readonly kernelNames: readonly string[];
}

export const socketOptionTable: readonly SocketOptionRow[] = [
  {
    name: 'multipath',
    kind: 'Protocol',
    minimum: 0,
    maximum: 1,
    stage: 'Create',
    server: 'Listener',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['SO_PROTOCOL'],
  },
  {
    name: 'reuseAddr',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Bound',
    server: 'Listener',
    domain: 'Tcp',
    platforms: ['linux', 'darwin'],
    kernelNames: ['SO_REUSEADDR'],
  },
  {
    name: 'reusePort',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Bind',
    server: 'Listener',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['SO_REUSEPORT'],
  },
  {
    name: 'ipv6Only',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Bind',
    server: 'Listener',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['IPV6_V6ONLY'],
  },
  {
    name: 'bindToDevice',
    kind: 'Interface',
    minimum: 1,
    maximum: 15,
    stage: 'Bind',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin'],
    kernelNames: ['SO_BINDTODEVICE', 'IP_BOUND_IF', 'IPV6_BOUND_IF'],
  },
  {
    name: 'freeBind',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Bind',
    server: 'Listener',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['IP_FREEBIND', 'IPV6_FREEBIND'],
  },
  {
    name: 'transparent',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Bind',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['IP_TRANSPARENT', 'IPV6_TRANSPARENT'],
  },
  {
    name: 'mark',
    kind: 'Count',
    minimum: 0,
    maximum: 4294967295,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['SO_MARK'],
  },
  {
    name: 'typeOfService',
    kind: 'TrafficClass',
    minimum: 0,
    maximum: 255,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['IP_TOS', 'IPV6_TCLASS'],
  },
  {
    name: 'priority',
    kind: 'Count',
    minimum: 0,
    maximum: 2147483647,
    stage: 'Any',
    server: 'Each',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['SO_PRIORITY'],
  },
  {
    name: 'ttl',
    kind: 'Count',
    minimum: 1,
    maximum: 255,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['IP_TTL', 'IPV6_UNICAST_HOPS'],
  },
  {
    name: 'sendBufferSize',
    kind: 'Bytes',
    minimum: 1,
    maximum: 2147483647,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Any',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['SO_SNDBUF'],
  },
  {
    name: 'recvBufferSize',
    kind: 'Bytes',
    minimum: 1,
    maximum: 2147483647,
    stage: 'Connect',
    server: 'Inherited',
    domain: 'Any',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['SO_RCVBUF'],
  },
  {
    name: 'maxSegment',
    kind: 'Bytes',
    minimum: 88,
    maximum: 32767,
    stage: 'Connect',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['TCP_MAXSEG'],
  },
  {
    name: 'noDelay',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['TCP_NODELAY'],
  },
  {
    name: 'keepAlive',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['SO_KEEPALIVE'],
  },
  {
    name: 'keepAliveInitialDelay',
    kind: 'Milliseconds',
    minimum: 1,
    maximum: 32767000,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['TCP_KEEPIDLE', 'TCP_KEEPALIVE'],
  },
  {
    name: 'keepAliveInterval',
    kind: 'Milliseconds',
    minimum: 1,
    maximum: 32767000,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['TCP_KEEPINTVL'],
  },
  {
    name: 'keepAliveCount',
    kind: 'Count',
    minimum: 1,
    maximum: 127,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['TCP_KEEPCNT'],
  },
  {
    name: 'userTimeout',
    kind: 'Milliseconds',
    minimum: 0,
    maximum: 2147483647,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['TCP_USER_TIMEOUT', 'TCP_RXT_CONNDROPTIME', 'TCP_MAXRT'],
  },
  {
    name: 'linger',
    kind: 'Linger',
    minimum: 0,
    maximum: 65535000,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['SO_LINGER', 'SO_LINGER_SEC'],
  },
  {
    name: 'notSentLowWater',
    kind: 'Bytes',
    minimum: 0,
    maximum: 2147483647,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin'],
    kernelNames: ['TCP_NOTSENT_LOWAT'],
  },
  {
    name: 'congestion',
    kind: 'Text',
    minimum: 1,
    maximum: 15,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['TCP_CONGESTION'],
  },
  {
    name: 'busyPoll',
    kind: 'Microseconds',
    minimum: 0,
    maximum: 2147483647,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['SO_BUSY_POLL'],
  },
  {
    name: 'incomingCpu',
    kind: 'Count',
    minimum: 0,
    maximum: 2147483647,
    stage: 'Any',
    server: 'OnlyListener',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['SO_INCOMING_CPU'],
  },
  {
    name: 'oobInline',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Any',
    server: 'Inherited',
    domain: 'Tcp',
    platforms: ['linux', 'darwin', 'win32'],
    kernelNames: ['SO_OOBINLINE'],
  },
  {
    name: 'deferAccept',
    kind: 'Milliseconds',
    minimum: 0,
    maximum: 2147483647,
    stage: 'Connect',
    server: 'OnlyListener',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['TCP_DEFER_ACCEPT'],
  },
  {
    name: 'fastOpen',
    kind: 'QueueLength',
    minimum: 0,
    maximum: 65535,
    stage: 'Connect',
    server: 'OnlyListener',
    domain: 'Tcp',
    platforms: ['linux', 'win32'],
    kernelNames: ['TCP_FASTOPEN'],
  },
  {
    name: 'fastOpen',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Connect',
    server: 'Never',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['TCP_FASTOPEN_CONNECT'],
  },
  {
    name: 'quickAck',
    kind: 'Flag',
    minimum: 0,
    maximum: 1,
    stage: 'Connected',
    server: 'Each',
    domain: 'Tcp',
    platforms: ['linux'],
    kernelNames: ['TCP_QUICKACK'],
  },
];

/** The byte for each name: the code point in the upper six bits. */
export const trafficClassBytes: Readonly<Record<DscpName, number>> = {
  DF: 0,
  LE: 4,
  CS0: 0,
  CS1: 32,
  AF11: 40,
  AF12: 48,
  AF13: 56,
  CS2: 64,
  AF21: 72,
  AF22: 80,
  AF23: 88,
  CS3: 96,
  AF31: 104,
  AF32: 112,
  AF33: 120,
  CS4: 128,
  AF41: 136,
  AF42: 144,
  AF43: 152,
  CS5: 160,
  VA: 176,
  EF: 184,
  CS6: 192,
  CS7: 224,
};
