#include "info/tcp_info.h"

namespace uvnet {

TcpInfo::TcpInfo() {
  for (double& number : numbers) number = kUnknown;
}

// For platforms without TCP information. The others: tcp_info_linux.cc, tcp_info_darwin.cc,
// tcp_info_win.cc.
#if !defined(__linux__) && !defined(__APPLE__) && !defined(_WIN32)

int ReadTcpInfo(uv_os_sock_t, TcpInfo*) { return UV_ENOTSUP; }

int ReadQueueDepths(uv_os_sock_t, TcpInfo*) { return UV_ENOTSUP; }

#endif

}  // namespace uvnet
