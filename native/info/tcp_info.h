#ifndef UVNET_TCP_INFO_H_
#define UVNET_TCP_INFO_H_

#include <uv.h>

#include <cstdint>
#include <vector>

namespace uvnet {

// The kernel's statistics of a connection, with the same names and units on every platform. It is
// kUnknown if a platform does not have a value.
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
    kRetransmits,       // of the oldest unacknowledged segment
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

  // A field with the kernel's name.
  struct RawField {
    const char* name;
    double value;
  };

  TcpInfo();

  State state = kNoState;
  double numbers[kNumberCount];
  std::vector<RawField> raw;
};

// Fills in the values that the platform has for a connected TCP socket. UV_ENOTSUP if it has none.
int ReadTcpInfo(uv_os_sock_t fd, TcpInfo* info);

// Gets the numbers of bytes in the kernel: received but unread, and sent but unacknowledged (on
// Unix sockets: not read by the peer). It also works on Unix sockets.
int ReadQueueDepths(uv_os_sock_t fd, TcpInfo* info);

}  // namespace uvnet

#endif  // UVNET_TCP_INFO_H_
