#include "options/tcp_info.h"

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
// mstcpip.h only after the two above.
#include <mstcpip.h>
#else
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <cerrno>
#ifdef __linux__
#include <linux/sockios.h>
#endif
#endif

#include <cstddef>
#include <cstring>

namespace uvnet {

namespace {

constexpr const char* kStateNames[] = {
    "unknown",   "established", "syn-sent",   "syn-received", "fin-wait-1", "fin-wait-2",
    "time-wait", "closed",      "close-wait", "last-ack",     "listen",     "closing",
};

#if defined(__linux__) || defined(__APPLE__)

// A field of the kernel's structure: its place in memory is the interface.
struct Field {
  const char* name;
  size_t offset;
  size_t size;
};

double ReadField(const void* base, const Field& field) {
  const char* at = static_cast<const char*>(base) + field.offset;
  switch (field.size) {
    case sizeof(uint8_t): return static_cast<uint8_t>(*at);
    case sizeof(uint32_t): {
      uint32_t value;
      std::memcpy(&value, at, sizeof(value));
      return value;
    }
    default: {
      uint64_t value;
      std::memcpy(&value, at, sizeof(value));
      return static_cast<double>(value);
    }
  }
}

// The fields that a kernel has filled in: newer kernels append to the structure
// and say in the length how far they came.
template <size_t N>
void ReadFields(const void* base, size_t length, const Field (&fields)[N], TcpInfo* info) {
  for (const Field& field : fields) {
    if (field.offset + field.size > length) continue;
    info->raw.push_back({field.name, ReadField(base, field)});
  }
}

#endif

#ifdef __linux__

// struct tcp_info of Linux 6.x, spelled out because the headers of the machine
// that builds may be older than the kernel that runs. The layout is part of the
// kernel's interface: fields are only ever added at the end.
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
constexpr Field kFields[] = {
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

int ReadPlatformInfo(uv_os_sock_t fd, TcpInfo* info) {
  LinuxTcpInfo kernel{};
  socklen_t length = sizeof(kernel);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &kernel, &length) != 0) return -errno;
  if (length < kOldestLength) return UV_ENOTSUP;
  ReadFields(&kernel, length, kFields, info);

  // The kernel's numbers for states are those of TcpInfo.
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

#elif defined(__APPLE__)

#ifndef TCP_CONNECTION_INFO
#define TCP_CONNECTION_INFO 0x106
#endif

#define UVNET_FIELD(name)                                      \
  {                                                            \
    "tcpi_" #name, offsetof(tcp_connection_info, tcpi_##name), \
        sizeof(tcp_connection_info::tcpi_##name)               \
  }
constexpr Field kFields[] = {
    UVNET_FIELD(state),
    UVNET_FIELD(snd_wscale),
    UVNET_FIELD(rcv_wscale),
    UVNET_FIELD(options),
    UVNET_FIELD(flags),
    UVNET_FIELD(rto),
    UVNET_FIELD(maxseg),
    UVNET_FIELD(snd_ssthresh),
    UVNET_FIELD(snd_cwnd),
    UVNET_FIELD(snd_wnd),
    UVNET_FIELD(snd_sbbytes),
    UVNET_FIELD(rcv_wnd),
    UVNET_FIELD(rttcur),
    UVNET_FIELD(srtt),
    UVNET_FIELD(rttvar),
    UVNET_FIELD(txpackets),
    UVNET_FIELD(txbytes),
    UVNET_FIELD(txretransmitbytes),
    UVNET_FIELD(rxpackets),
    UVNET_FIELD(rxbytes),
    UVNET_FIELD(rxoutoforderbytes),
    UVNET_FIELD(txretransmitpackets),
};
#undef UVNET_FIELD

// In the kernel's order of states, from CLOSED (0) to TIME_WAIT (10).
constexpr TcpInfo::State kStates[] = {
    TcpInfo::kClosed,      TcpInfo::kListen,    TcpInfo::kSynSent,  TcpInfo::kSynReceived,
    TcpInfo::kEstablished, TcpInfo::kCloseWait, TcpInfo::kFinWait1, TcpInfo::kClosing,
    TcpInfo::kLastAck,     TcpInfo::kFinWait2,  TcpInfo::kTimeWait,
};

int ReadPlatformInfo(uv_os_sock_t fd, TcpInfo* info) {
  tcp_connection_info kernel{};
  socklen_t length = sizeof(kernel);
  if (getsockopt(fd, IPPROTO_TCP, TCP_CONNECTION_INFO, &kernel, &length) != 0) return -errno;
  ReadFields(&kernel, length, kFields, info);

  if (kernel.tcpi_state < sizeof(kStates) / sizeof(kStates[0])) {
    info->state = kStates[kernel.tcpi_state];
  }
  double* numbers = info->numbers;
  const double segment = kernel.tcpi_maxseg;
  numbers[TcpInfo::kRttMs] = kernel.tcpi_srtt;
  numbers[TcpInfo::kRttVarianceMs] = kernel.tcpi_rttvar;
  numbers[TcpInfo::kRetransmitTimeoutMs] = kernel.tcpi_rto;
  numbers[TcpInfo::kTotalRetransmits] = static_cast<double>(kernel.tcpi_txretransmitpackets);
  numbers[TcpInfo::kBytesSent] = static_cast<double>(kernel.tcpi_txbytes);
  numbers[TcpInfo::kBytesReceived] = static_cast<double>(kernel.tcpi_rxbytes);
  numbers[TcpInfo::kBytesRetransmitted] = static_cast<double>(kernel.tcpi_txretransmitbytes);
  numbers[TcpInfo::kSegmentsSent] = static_cast<double>(kernel.tcpi_txpackets);
  numbers[TcpInfo::kSegmentsReceived] = static_cast<double>(kernel.tcpi_rxpackets);
  if (segment > 0) {
    numbers[TcpInfo::kSendSegmentBytes] = segment;
    // This kernel counts windows in bytes.
    numbers[TcpInfo::kCongestionWindow] = kernel.tcpi_snd_cwnd / segment;
    numbers[TcpInfo::kSlowStartThreshold] = kernel.tcpi_snd_ssthresh / segment;
  }
  numbers[TcpInfo::kSendWindowBytes] = kernel.tcpi_snd_wnd;
  numbers[TcpInfo::kReceiveWindowBytes] = kernel.tcpi_rcv_wnd;
  return 0;
}

#elif defined(_WIN32)

// TCP_INFO_v0 of mstcpip.h (Windows 10 1703), which older SDKs lack.
struct WindowsTcpInfo {
  uint32_t State;
  uint32_t Mss;
  uint64_t ConnectionTimeMs;
  uint8_t TimestampsEnabled;
  uint32_t RttUs;
  uint32_t MinRttUs;
  uint32_t BytesInFlight;
  uint32_t Cwnd;
  uint32_t SndWnd;
  uint32_t RcvWnd;
  uint32_t RcvBuf;
  uint64_t BytesOut;
  uint64_t BytesIn;
  uint32_t BytesReordered;
  uint32_t BytesRetrans;
  uint32_t FastRetrans;
  uint32_t DupAcksIn;
  uint32_t TimeoutEpisodes;
  uint8_t SynRetrans;
};

#ifndef SIO_TCP_INFO
#define SIO_TCP_INFO _WSAIORW(IOC_VENDOR, 39)
#endif

// In the order of the TCPSTATE enumeration, from CLOSED (0) to TIME_WAIT (10).
constexpr TcpInfo::State kStates[] = {
    TcpInfo::kClosed,      TcpInfo::kListen,   TcpInfo::kSynSent,  TcpInfo::kSynReceived,
    TcpInfo::kEstablished, TcpInfo::kFinWait1, TcpInfo::kFinWait2, TcpInfo::kCloseWait,
    TcpInfo::kClosing,     TcpInfo::kLastAck,  TcpInfo::kTimeWait,
};

int ReadPlatformInfo(uv_os_sock_t fd, TcpInfo* info) {
  WindowsTcpInfo kernel{};
  DWORD version = 0;
  DWORD length = 0;
  if (WSAIoctl(fd, SIO_TCP_INFO, &version, sizeof(version), &kernel, sizeof(kernel), &length,
               nullptr, nullptr) != 0) {
    return uv_translate_sys_error(WSAGetLastError());
  }
  if (kernel.State < sizeof(kStates) / sizeof(kStates[0])) info->state = kStates[kernel.State];
  double* numbers = info->numbers;
  constexpr double kMicrosPerMilli = 1000;
  numbers[TcpInfo::kRttMs] = kernel.RttUs / kMicrosPerMilli;
  numbers[TcpInfo::kMinRttMs] = kernel.MinRttUs / kMicrosPerMilli;
  numbers[TcpInfo::kBytesSent] = static_cast<double>(kernel.BytesOut);
  numbers[TcpInfo::kBytesReceived] = static_cast<double>(kernel.BytesIn);
  numbers[TcpInfo::kBytesRetransmitted] = kernel.BytesRetrans;
  numbers[TcpInfo::kSendWindowBytes] = kernel.SndWnd;
  numbers[TcpInfo::kReceiveWindowBytes] = kernel.RcvWnd;
  if (kernel.Mss > 0) {
    numbers[TcpInfo::kSendSegmentBytes] = kernel.Mss;
    // This kernel counts the window and what is under way in bytes.
    numbers[TcpInfo::kCongestionWindow] = static_cast<double>(kernel.Cwnd) / kernel.Mss;
    numbers[TcpInfo::kUnackedSegments] =
        static_cast<double>((kernel.BytesInFlight + kernel.Mss - 1) / kernel.Mss);
  }
  info->raw = {
      {"State", static_cast<double>(kernel.State)},
      {"Mss", static_cast<double>(kernel.Mss)},
      {"ConnectionTimeMs", static_cast<double>(kernel.ConnectionTimeMs)},
      {"TimestampsEnabled", static_cast<double>(kernel.TimestampsEnabled)},
      {"RttUs", static_cast<double>(kernel.RttUs)},
      {"MinRttUs", static_cast<double>(kernel.MinRttUs)},
      {"BytesInFlight", static_cast<double>(kernel.BytesInFlight)},
      {"Cwnd", static_cast<double>(kernel.Cwnd)},
      {"SndWnd", static_cast<double>(kernel.SndWnd)},
      {"RcvWnd", static_cast<double>(kernel.RcvWnd)},
      {"RcvBuf", static_cast<double>(kernel.RcvBuf)},
      {"BytesOut", static_cast<double>(kernel.BytesOut)},
      {"BytesIn", static_cast<double>(kernel.BytesIn)},
      {"BytesReordered", static_cast<double>(kernel.BytesReordered)},
      {"BytesRetrans", static_cast<double>(kernel.BytesRetrans)},
      {"FastRetrans", static_cast<double>(kernel.FastRetrans)},
      {"DupAcksIn", static_cast<double>(kernel.DupAcksIn)},
      {"TimeoutEpisodes", static_cast<double>(kernel.TimeoutEpisodes)},
      {"SynRetrans", static_cast<double>(kernel.SynRetrans)},
  };
  return 0;
}

#else

int ReadPlatformInfo(uv_os_sock_t, TcpInfo*) { return UV_ENOTSUP; }

#endif

}  // namespace

TcpInfo::TcpInfo() {
  for (double& number : numbers) number = kUnknown;
}

const char* TcpStateName(TcpInfo::State state) { return kStateNames[state]; }

int ReadTcpInfo(uv_os_sock_t fd, TcpInfo* info) { return ReadPlatformInfo(fd, info); }

int ReadQueueDepths(uv_os_sock_t fd, TcpInfo* info) {
#if defined(__linux__)
  int bytes;
  if (ioctl(fd, SIOCINQ, &bytes) != 0) return -errno;
  info->numbers[TcpInfo::kReceiveQueueBytes] = bytes;
  if (ioctl(fd, SIOCOUTQ, &bytes) != 0) return -errno;
  info->numbers[TcpInfo::kSendQueueBytes] = bytes;
  return 0;
#elif defined(__APPLE__)
  int bytes;
  socklen_t length = sizeof(bytes);
  if (getsockopt(fd, SOL_SOCKET, SO_NREAD, &bytes, &length) != 0) return -errno;
  info->numbers[TcpInfo::kReceiveQueueBytes] = bytes;
  length = sizeof(bytes);
  if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &length) != 0) return -errno;
  info->numbers[TcpInfo::kSendQueueBytes] = bytes;
  return 0;
#elif defined(_WIN32)
  u_long bytes;
  if (ioctlsocket(fd, FIONREAD, &bytes) != 0) return uv_translate_sys_error(WSAGetLastError());
  info->numbers[TcpInfo::kReceiveQueueBytes] = static_cast<double>(bytes);
  return 0;
#else
  (void)fd;
  (void)info;
  return UV_ENOTSUP;
#endif
}

}  // namespace uvnet
