#ifdef _WIN32

#include <winsock2.h>
#include <ws2tcpip.h>
// mstcpip.h only after the two above.
#include <mstcpip.h>

#include "descriptor/socket_error.h"
#include "info/tcp_info.h"

namespace uvnet {

namespace {

// TCP_INFO_v0 of mstcpip.h (Windows 10 1703), which is missing in older SDKs.
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

}  // namespace

int ReadTcpInfo(uv_os_sock_t fd, TcpInfo* info) {
  WindowsTcpInfo kernel{};
  DWORD version = 0;
  DWORD length = 0;
  if (WSAIoctl(fd, SIO_TCP_INFO, &version, sizeof(version), &kernel, sizeof(kernel), &length,
               nullptr, nullptr) != 0) {
    return LastSocketError();
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
    // This kernel counts the window and the data in flight in bytes.
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

int ReadQueueDepths(uv_os_sock_t fd, TcpInfo* info) {
  u_long bytes;
  if (ioctlsocket(fd, FIONREAD, &bytes) != 0) return LastSocketError();
  info->numbers[TcpInfo::kReceiveQueueBytes] = static_cast<double>(bytes);
  return 0;
}

}  // namespace uvnet

#endif
