#ifndef UVNET_TCP_INFO_H_
#define UVNET_TCP_INFO_H_

#include <uv.h>

#include <cstdint>
#include <vector>

namespace uvnet {

// What the kernel knows about one connection, under the same names and in the
// same units on every platform. kUnknown where a platform does not have it.
struct TcpInfo {
  static constexpr double kUnknown = -1;

  // As in RFC 9293; lib/internal/options/socket-info.ts has their names in this order.
  enum State : int {
    kNoState,
    kEstablished,
    kSynSent,
    kSynReceived,
    kFinWait1,
    kFinWait2,
    kTimeWait,
    kClosed,
    kCloseWait,
    kLastAck,
    kListen,
    kClosing,
  };

  // The numbers, in the order in which lib/internal/options/socket-info.ts names them.
  enum Number : int {
    kRttMs,
    kRttVarianceMs,
    kMinRttMs,
    kRetransmitTimeoutMs,
    kRetransmits,       // of the segment that waits now
    kTotalRetransmits,  // segments, since the beginning
    kBytesSent,
    kBytesAcked,
    kBytesReceived,
    kBytesRetransmitted,
    kSegmentsSent,
    kSegmentsReceived,
    kCongestionWindow,    // segments
    kSlowStartThreshold,  // segments
    kSendWindowBytes,
    kReceiveWindowBytes,
    kSendSegmentBytes,
    kReceiveSegmentBytes,
    kPathMtuBytes,
    kUnackedSegments,
    kSackedSegments,
    kLostSegments,
    kReorderedPackets,
    kNotSentBytes,
    kDeliveryRateBytesPerSecond,
    kPacingRateBytesPerSecond,
    kBusyMs,
    kReceiveWindowLimitedMs,
    kSendBufferLimitedMs,
    kSinceDataSentMs,
    kSinceDataReceivedMs,
    kSinceAckReceivedMs,
    kKeepAliveProbes,  // unanswered
    kSendQueueBytes,
    kReceiveQueueBytes,
    kNumberCount,
  };

  // A field as the kernel names it.
  struct RawField {
    const char* name;
    double value;
  };

  TcpInfo();

  State state = kNoState;
  double numbers[kNumberCount];
  std::vector<RawField> raw;
};

// Fills in what the platform knows about a connected TCP socket. UV_ENOTSUP
// where it reports nothing.
int ReadTcpInfo(uv_os_sock_t fd, TcpInfo* info);

// Bytes that wait in the kernel: received and unread, sent and unacknowledged
// (on unix sockets: not yet read by the peer). Works on unix sockets as well.
int ReadQueueDepths(uv_os_sock_t fd, TcpInfo* info);

}  // namespace uvnet

#endif  // UVNET_TCP_INFO_H_
