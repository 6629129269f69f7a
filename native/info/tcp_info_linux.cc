#ifdef __linux__

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "info/tcp_info.h"
#include "info/tcp_info_fields.h"

namespace uvnet {

namespace {

// struct tcp_info of Linux 6.x. It is defined here because the headers of the build machine may be
// older than the running kernel. The layout is part of the kernel's interface: new fields are only
// added at the end.
struct LinuxTcpInfo {
  uint8_t state;
  uint8_t ca_state;
  uint8_t retransmits;
  uint8_t probes;
  uint8_t backoff;
  uint8_t options;
  uint8_t window_scales;  // send: lower four bits, receive: upper four (on little endian)
  uint8_t flags;
  uint32_t rto;
  uint32_t ato;
  uint32_t snd_mss;
  uint32_t rcv_mss;
  uint32_t unacked;
  uint32_t sacked;
  uint32_t lost;
  uint32_t retrans;
  uint32_t fackets;
  uint32_t last_data_sent;
  uint32_t last_ack_sent;
  uint32_t last_data_recv;
  uint32_t last_ack_recv;
  uint32_t pmtu;
  uint32_t rcv_ssthresh;
  uint32_t rtt;
  uint32_t rttvar;
  uint32_t snd_ssthresh;
  uint32_t snd_cwnd;
  uint32_t advmss;
  uint32_t reordering;
  uint32_t rcv_rtt;
  uint32_t rcv_space;
  uint32_t total_retrans;
  uint64_t pacing_rate;
  uint64_t max_pacing_rate;
  uint64_t bytes_acked;
  uint64_t bytes_received;
  uint32_t segs_out;
  uint32_t segs_in;
  uint32_t notsent_bytes;
  uint32_t min_rtt;
  uint32_t data_segs_in;
  uint32_t data_segs_out;
  uint64_t delivery_rate;
  uint64_t busy_time;
  uint64_t rwnd_limited;
  uint64_t sndbuf_limited;
  uint32_t delivered;
  uint32_t delivered_ce;
  uint64_t bytes_sent;
  uint64_t bytes_retrans;
  uint32_t dsack_dups;
  uint32_t reord_seen;
  uint32_t rcv_ooopack;
  uint32_t snd_wnd;
  uint32_t rcv_wnd;
  uint32_t rehash;
  uint16_t total_rto;
  uint16_t total_rto_recoveries;
  uint32_t total_rto_time;
};
static_assert(offsetof(LinuxTcpInfo, rto) == 8, "as in the kernel");
static_assert(offsetof(LinuxTcpInfo, pacing_rate) == 104, "as in the kernel");
static_assert(offsetof(LinuxTcpInfo, bytes_sent) == 200, "as in the kernel");
static_assert(offsetof(LinuxTcpInfo, total_rto) == 240, "as in the kernel");

#define UVNET_FIELD(name) \
  { "tcpi_" #name, offsetof(LinuxTcpInfo, name), sizeof(LinuxTcpInfo::name) }
constexpr TcpInfoField kFields[] = {
    UVNET_FIELD(state),         UVNET_FIELD(ca_state),
    UVNET_FIELD(retransmits),   UVNET_FIELD(probes),
    UVNET_FIELD(backoff),       UVNET_FIELD(options),
    UVNET_FIELD(rto),           UVNET_FIELD(ato),
    UVNET_FIELD(snd_mss),       UVNET_FIELD(rcv_mss),
    UVNET_FIELD(unacked),       UVNET_FIELD(sacked),
    UVNET_FIELD(lost),          UVNET_FIELD(retrans),
    UVNET_FIELD(fackets),       UVNET_FIELD(last_data_sent),
    UVNET_FIELD(last_ack_sent), UVNET_FIELD(last_data_recv),
    UVNET_FIELD(last_ack_recv), UVNET_FIELD(pmtu),
    UVNET_FIELD(rcv_ssthresh),  UVNET_FIELD(rtt),
    UVNET_FIELD(rttvar),        UVNET_FIELD(snd_ssthresh),
    UVNET_FIELD(snd_cwnd),      UVNET_FIELD(advmss),
    UVNET_FIELD(reordering),    UVNET_FIELD(rcv_rtt),
    UVNET_FIELD(rcv_space),     UVNET_FIELD(total_retrans),
    UVNET_FIELD(pacing_rate),   UVNET_FIELD(max_pacing_rate),
    UVNET_FIELD(bytes_acked),   UVNET_FIELD(bytes_received),
    UVNET_FIELD(segs_out),      UVNET_FIELD(segs_in),
    UVNET_FIELD(notsent_bytes), UVNET_FIELD(min_rtt),
    UVNET_FIELD(data_segs_in),  UVNET_FIELD(data_segs_out),
    UVNET_FIELD(delivery_rate), UVNET_FIELD(busy_time),
    UVNET_FIELD(rwnd_limited),  UVNET_FIELD(sndbuf_limited),
    UVNET_FIELD(delivered),     UVNET_FIELD(delivered_ce),
    UVNET_FIELD(bytes_sent),    UVNET_FIELD(bytes_retrans),
    UVNET_FIELD(dsack_dups),    UVNET_FIELD(reord_seen),
    UVNET_FIELD(rcv_ooopack),   UVNET_FIELD(snd_wnd),
    UVNET_FIELD(rcv_wnd),       UVNET_FIELD(rehash),
};
#undef UVNET_FIELD

// The part of the structure that every kernel since 2.6 fills in.
constexpr size_t kOldestLength = offsetof(LinuxTcpInfo, pacing_rate);

}  // namespace

int ReadTcpInfo(uv_os_sock_t fd, TcpInfo* info) {
  LinuxTcpInfo kernel{};
  socklen_t length = sizeof(kernel);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &kernel, &length) != 0) return -errno;
  if (length < kOldestLength) return UV_ENOTSUP;
  ReadFields(&kernel, length, kFields, info);

  // The kernel's state numbers are those of TcpInfo.
  if (kernel.state <= TcpInfo::kClosing) info->state = static_cast<TcpInfo::State>(kernel.state);

  const auto set = [&](TcpInfo::Number number, double value, const void* field) {
    const auto offset = static_cast<size_t>(static_cast<const char*>(field) -
                                            reinterpret_cast<const char*>(&kernel));
    if (offset < length) info->numbers[number] = value;
  };
  const auto take = [&](TcpInfo::Number number, const auto& field) {
    set(number, static_cast<double>(field), &field);
  };
  constexpr double kMicrosPerMilli = 1000;
  const auto take_micros = [&](TcpInfo::Number number, const auto& field) {
    set(number, static_cast<double>(field) / kMicrosPerMilli, &field);
  };
  take_micros(TcpInfo::kRttMs, kernel.rtt);
  take_micros(TcpInfo::kRttVarianceMs, kernel.rttvar);
  // ~0: not measured yet.
  if (kernel.min_rtt != UINT32_MAX) take_micros(TcpInfo::kMinRttMs, kernel.min_rtt);
  take_micros(TcpInfo::kRetransmitTimeoutMs, kernel.rto);
  take(TcpInfo::kRetransmits, kernel.retransmits);
  take(TcpInfo::kTotalRetransmits, kernel.total_retrans);
  take(TcpInfo::kBytesSent, kernel.bytes_sent);
  take(TcpInfo::kBytesAcked, kernel.bytes_acked);
  take(TcpInfo::kBytesReceived, kernel.bytes_received);
  take(TcpInfo::kBytesRetransmitted, kernel.bytes_retrans);
  take(TcpInfo::kSegmentsSent, kernel.segs_out);
  take(TcpInfo::kSegmentsReceived, kernel.segs_in);
  take(TcpInfo::kCongestionWindow, kernel.snd_cwnd);
  // The kernel's "infinite", before the first loss.
  if (kernel.snd_ssthresh < INT32_MAX) take(TcpInfo::kSlowStartThreshold, kernel.snd_ssthresh);
  take(TcpInfo::kSendWindowBytes, kernel.snd_wnd);
  take(TcpInfo::kReceiveWindowBytes, kernel.rcv_wnd);
  take(TcpInfo::kSendSegmentBytes, kernel.snd_mss);
  take(TcpInfo::kReceiveSegmentBytes, kernel.rcv_mss);
  take(TcpInfo::kPathMtuBytes, kernel.pmtu);
  take(TcpInfo::kUnackedSegments, kernel.unacked);
  take(TcpInfo::kSackedSegments, kernel.sacked);
  take(TcpInfo::kLostSegments, kernel.lost);
  take(TcpInfo::kReorderedPackets, kernel.reord_seen);
  take(TcpInfo::kNotSentBytes, kernel.notsent_bytes);
  take(TcpInfo::kDeliveryRateBytesPerSecond, kernel.delivery_rate);
  // ~0: not limited.
  if (kernel.pacing_rate != UINT64_MAX) {
    take(TcpInfo::kPacingRateBytesPerSecond, kernel.pacing_rate);
  }
  take_micros(TcpInfo::kBusyMs, kernel.busy_time);
  take_micros(TcpInfo::kReceiveWindowLimitedMs, kernel.rwnd_limited);
  take_micros(TcpInfo::kSendBufferLimitedMs, kernel.sndbuf_limited);
  take(TcpInfo::kSinceDataSentMs, kernel.last_data_sent);
  take(TcpInfo::kSinceDataReceivedMs, kernel.last_data_recv);
  take(TcpInfo::kSinceAckReceivedMs, kernel.last_ack_recv);
  take(TcpInfo::kKeepAliveProbes, kernel.probes);
  return 0;
}

int ReadQueueDepths(uv_os_sock_t fd, TcpInfo* info) {
  int bytes;
  if (ioctl(fd, SIOCINQ, &bytes) != 0) return -errno;
  info->numbers[TcpInfo::kReceiveQueueBytes] = bytes;
  if (ioctl(fd, SIOCOUTQ, &bytes) != 0) return -errno;
  info->numbers[TcpInfo::kSendQueueBytes] = bytes;
  return 0;
}

}  // namespace uvnet

#endif
