/**
 * The kernel's statistics of a connection, from the numbers that native/info/tcp_info.cc
 * collects.
 */

/**
 * The states of RFC 9293. It is `'unknown'` for Unix sockets, and if the platform does not report
 * it.
 */
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
 * The statistics of a connection at one moment. Numbers that a platform does not report are
 * undefined. A Unix socket has only the two queue sizes. Times end in `Ms` (milliseconds, with
 * fractions), sizes in `Bytes`.
 */
export interface SocketInfo {
  /** State of the connection. */
  state: TcpState;
  /** Smoothed round-trip time. */
  rttMs?: number;
  /** Mean deviation of the round-trip time. */
  rttVarianceMs?: number;
  /** Shortest round-trip time measured recently. */
  minRttMs?: number;
  /** Time until unacknowledged data is sent again. */
  retransmitTimeoutMs?: number;
  /** How often the oldest unacknowledged segment was sent again; normally 0. */
  retransmits?: number;
  /** Segments sent again since the connection was made. */
  totalRetransmits?: number;
  /** Bytes of data sent, including retransmissions. */
  bytesSent?: number;
  /** Bytes that the peer has acknowledged. */
  bytesAcked?: number;
  /** Bytes of data received. */
  bytesReceived?: number;
  /** Bytes of data sent again. */
  bytesRetransmitted?: number;
  /** Segments sent, including those without data. */
  segmentsSent?: number;
  /** Segments received, including those without data. */
  segmentsReceived?: number;
  /** How many segments may be in flight. */
  congestionWindow?: number;
  /** Size of the window in segments at which slow start ends; undefined before the first loss. */
  slowStartThreshold?: number;
  /** How much data the peer is ready to receive. */
  sendWindowBytes?: number;
  /** How much data this side is ready to receive. */
  receiveWindowBytes?: number;
  /** Size of the largest segment that is sent. */
  sendSegmentBytes?: number;
  /** Size of the largest segment that is received. */
  receiveSegmentBytes?: number;
  /** Largest packet that the path to the peer can carry. */
  pathMtuBytes?: number;
  /** Segments sent and not yet acknowledged. */
  unackedSegments?: number;
  /** Segments that arrived after a gap (selective acknowledgement). */
  sackedSegments?: number;
  /** Segments believed to be lost. */
  lostSegments?: number;
  /** How often the kernel has seen reordering. */
  reorderedPackets?: number;
  /** Bytes in the kernel that were not sent yet. */
  notSentBytes?: number;
  /** Rate at which data reached the peer most recently. */
  deliveryRateBytesPerSecond?: number;
  /** Rate to which the kernel paces sending; undefined without pacing. */
  pacingRateBytesPerSecond?: number;
  /** Time during which data was in flight. */
  busyMs?: number;
  /** The part of this time in which the peer's window limited sending. */
  receiveWindowLimitedMs?: number;
  /** The part of this time in which the send buffer limited sending. */
  sendBufferLimitedMs?: number;
  /** Time since data was last sent. */
  sinceDataSentMs?: number;
  /** Time since data was last received. */
  sinceDataReceivedMs?: number;
  /** Time since an acknowledgement was last received. */
  sinceAckReceivedMs?: number;
  /** Unanswered keep-alive (or zero-window) probes. */
  keepAliveProbes?: number;
  /** Bytes in the kernel that the peer has not acknowledged (TCP) or not read (Unix socket). */
  sendQueueBytes?: number;
  /** Bytes in the kernel that this process has not read. */
  receiveQueueBytes?: number;
  /**
   * All values that the kernel reports, under its own names: `tcpi_rtt` and so on, on Linux and
   * macOS.
   */
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
 * Converts the numbers that the native code collected.
 *
 * @param state - TcpInfo::State
 * @param numbers - filled in by `binding.socketInfo`
 * @param raw - filled in by `binding.socketInfo`
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

/** The credentials of the peer of a Unix socket. */
export interface PeerCredentials {
  /** Process id; 0 if the platform does not report it, or the peer is in another pid namespace. */
  pid: number;
  /** User id of the process. */
  uid: number;
  /** Group id of the process. */
  gid: number;
}
