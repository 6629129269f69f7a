#ifdef __APPLE__

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "info/tcp_info.h"
#include "info/tcp_info_fields.h"

namespace uvnet {

namespace {

#ifndef TCP_CONNECTION_INFO
#define TCP_CONNECTION_INFO 0x106
#endif

#define UVNET_FIELD(name)                                      \
  {                                                            \
    "tcpi_" #name, offsetof(tcp_connection_info, tcpi_##name), \
        sizeof(tcp_connection_info::tcpi_##name)               \
  }
constexpr TcpInfoField kFields[] = {
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

}  // namespace

int ReadTcpInfo(uv_os_sock_t fd, TcpInfo* info) {
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
    // The kernel's "infinite", before the first loss.
    constexpr uint32_t kInfinite = 65535U << 14;
    if (kernel.tcpi_snd_ssthresh < kInfinite) {
      numbers[TcpInfo::kSlowStartThreshold] = kernel.tcpi_snd_ssthresh / segment;
    }
  }
  numbers[TcpInfo::kSendWindowBytes] = kernel.tcpi_snd_wnd;
  numbers[TcpInfo::kReceiveWindowBytes] = kernel.tcpi_rcv_wnd;
  return 0;
}

int ReadQueueDepths(uv_os_sock_t fd, TcpInfo* info) {
  int bytes;
  socklen_t length = sizeof(bytes);
  if (getsockopt(fd, SOL_SOCKET, SO_NREAD, &bytes, &length) != 0) return -errno;
  info->numbers[TcpInfo::kReceiveQueueBytes] = bytes;
  length = sizeof(bytes);
  if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &length) != 0) return -errno;
  info->numbers[TcpInfo::kSendQueueBytes] = bytes;
  return 0;
}

}  // namespace uvnet

#endif
