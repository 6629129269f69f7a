/**
 * What the kernel knows about a connection, from the numbers that native/options/tcp_info.cc collects.
 */

/** States of RFC 9293. `'unknown'` for unix sockets, and if the platform does not report it. */
export type TcpState =
  | 'unknown'
  | 'established'
  | 'syn-sent'
  | 'syn-received'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'time-wait'
  | 'closed'
  | 'close-wait'
  | 'last-ack'
  | 'listen'
  | 'closing';

/**
 * The state of a connection at one moment. Numbers that a platform does not report are undefined;
 * of a unix socket only the two queues are known. Times end in `Ms` (milliseconds, with fractions), sizes
 * in `Bytes`.
 */
export interface SocketInfo {
  state: TcpState;
  /** Smoothed round-trip time. */
  rttMs?: number;
  /** Mean deviation of the round-trip time. */
  rttVarianceMs?: number;
  /** Shortest round-trip time seen lately. */
  minRttMs?: number;
  /** Time after which unacknowledged data is sent again. */
  retransmitTimeoutMs?: number;
  /** How often the segment that waits now was sent again; 0 while all goes well. */
  retransmits?: number;
  /** Segments sent again since the connection was made. */
  totalRetransmits?: number;
  /** Bytes of data sent, those sent again included. */
  bytesSent?: number;
  /** Bytes that the peer has acknowledged. */
  bytesAcked?: number;
  bytesReceived?: number;
  bytesRetransmitted?: number;
  segmentsSent?: number;
  segmentsReceived?: number;
  /** Segments that may be on their way at once. */
  congestionWindow?: number;
  /** Window in segments above which slow start ends; undefined before the first loss. */
  slowStartThreshold?: number;
  /** What the peer is ready to take. */
  sendWindowBytes?: number;
  /** What this side is ready to take. */
  receiveWindowBytes?: number;
  /** Largest segment that is sent. */
  sendSegmentBytes?: number;
  receiveSegmentBytes?: number;
  pathMtuBytes?: number;
  /** Segments sent and not yet acknowledged. */
  unackedSegments?: number;
  /** Segments that arrived after a gap (selective acknowledgement). */
  sackedSegments?: number;
  /** Segments believed to be lost. */
  lostSegments?: number;
  reorderedPackets?: number;
  /** Bytes that wait in the kernel and were never sent. */
  notSentBytes?: number;
  /** Rate at which data reached the peer most recently. */
  deliveryRateBytesPerSecond?: number;
  /** Rate that the kernel paces sending to; undefined if it does not. */
  pacingRateBytesPerSecond?: number;
  /** Time during which data was on its way. */
  busyMs?: number;
  /** The part of it during which the peer's window was what stopped sending. */
  receiveWindowLimitedMs?: number;
  /** The part of it during which the send buffer was what stopped sending. */
  sendBufferLimitedMs?: number;
  sinceDataSentMs?: number;
  sinceDataReceivedMs?: number;
  sinceAckReceivedMs?: number;
  /** Keep-alive (or zero-window) probes that were not answered. */
  keepAliveProbes?: number;
  /** Bytes in the kernel that were not acknowledged (TCP) or read by the peer (unix socket). */
  sendQueueBytes?: number;
  /** Bytes in the kernel that this process has not read. */
  receiveQueueBytes?: number;
  /** Everything that the kernel reports, under its own names: `tcpi_rtt` and so on on Linux and macOS. */
  raw: Record<string, number>;
}

type NumberName = Exclude<keyof SocketInfo, 'state' | 'raw'>;

/** In the order of TcpInfo::Number in tcp_info.h. */
const numberNames: readonly NumberName[] = [
  'rttMs',
  'rttVarianceMs',
  'minRttMs',
  'retransmitTimeoutMs',
  'retransmits',
  'totalRetransmits',
  'bytesSent',
  'bytesAcked',
  'bytesReceived',
  'bytesRetransmitted',
  'segmentsSent',
  'segmentsReceived',
  'congestionWindow',
  'slowStartThreshold',
  'sendWindowBytes',
  'receiveWindowBytes',
  'sendSegmentBytes',
  'receiveSegmentBytes',
  'pathMtuBytes',
  'unackedSegments',
  'sackedSegments',
  'lostSegments',
  'reorderedPackets',
  'notSentBytes',
  'deliveryRateBytesPerSecond',
  'pacingRateBytesPerSecond',
  'busyMs',
  'receiveWindowLimitedMs',
  'sendBufferLimitedMs',
  'sinceDataSentMs',
  'sinceDataReceivedMs',
  'sinceAckReceivedMs',
  'keepAliveProbes',
  'sendQueueBytes',
  'receiveQueueBytes',
];

/** In the order of TcpInfo::State. */
const stateNames: readonly TcpState[] = [
  'unknown',
  'established',
  'syn-sent',
  'syn-received',
  'fin-wait-1',
  'fin-wait-2',
  'time-wait',
  'closed',
  'close-wait',
  'last-ack',
  'listen',
  'closing',
];

/** TcpInfo::kUnknown. */
const UNKNOWN = -1;

/** Room for the numbers of one connection. */
export const infoNumbers = new Float64Array(numberNames.length);

/**
 * Names what the native part collected.
 *
 * @param state - TcpInfo::State
 * @param numbers - filled in by `binding.socketInfo`
 * @param raw - likewise
 */
export function buildInfo(
  state: number,
  numbers: Float64Array,
  raw: Record<string, number>,
): SocketInfo {
  const info: SocketInfo = { state: stateNames[state] ?? 'unknown', raw };
  numberNames.forEach((name, index) => {
    const value = numbers[index];
    if (value !== UNKNOWN) info[name] = value;
  });
  return info;
}

/** Who is at the other end of a unix socket. */
export interface PeerCredentials {
  /** 0 if the platform does not report it, or the peer is in another pid namespace. */
  pid: number;
  uid: number;
  gid: number;
}
