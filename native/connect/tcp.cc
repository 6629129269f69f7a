#ifndef _WIN32
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#endif

#include "address/address_arguments.h"
#include "connect/connect_request.h"
#include "env/modules.h"
#include "options/initial_options.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

#ifndef _WIN32
int SetIntOption(Stream* stream, int level, int name, int value) {
  uv_os_sock_t fd;
  const int status = SocketOf(stream, &fd);
  if (status != 0) return status;
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : uv_translate_sys_error(errno);
}
#endif

// libuv up to 1.48 silently ignores UV_TCP_REUSEPORT, so the option is set here. Where the kernel
// does not balance the connections, as on macOS, libuv has no such flag either.
int SetReusePort(Stream* stream, int family) {
#if defined(__linux__) || defined(SO_REUSEPORT_LB)
#ifdef SO_REUSEPORT_LB
  constexpr int kOption = SO_REUSEPORT_LB;
#else
  constexpr int kOption = SO_REUSEPORT;
#endif
  const int status = EnsureSocket(stream, family);
  return status != 0 ? status : SetIntOption(stream, SOL_SOCKET, kOption, 1);
#else
  (void)stream;
  (void)family;
  return UV_ENOTSUP;
#endif
}

// (id, address, port, family, ipv6Only, reusePort)
napi_value TcpBind(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  sockaddr_storage address{};
  int status = AddressFromArguments(arguments, 1, &address);
  if (status != 0) return arguments.Return(status);
  if (arguments.Bool(5)) {
    status = SetReusePort(stream, address.ss_family);
    if (status != 0) return arguments.Return(status);
  }
  status = PrepareSocket(stream, address.ss_family);
  if (status != 0) return arguments.Return(status);
  // It has no meaning for IPv4: node:net ignores it, and libuv fails.
  const bool ipv6_only = arguments.Bool(4) && address.ss_family == AF_INET6;
  const unsigned flags = ipv6_only ? UV_TCP_IPV6ONLY : 0;
  status = uv_tcp_bind(stream->uv_tcp(), reinterpret_cast<sockaddr*>(&address), flags);
  return arguments.Return(status != 0 ? status : ApplyInitialOptions(stream, OptionStage::kBound));
}

// (id, address, port, family)
napi_value TcpConnect(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  sockaddr_storage address{};
  int status = AddressFromArguments(arguments, 1, &address);
  if (status == 0) status = PrepareSocket(stream, address.ss_family);
  if (status == 0) status = ApplyInitialOptions(stream, OptionStage::kBound);
  if (status != 0) return arguments.Return(status);
  return arguments.Return(ConnectRequest::Begin(stream, [&](uv_connect_t* request) {
    return uv_tcp_connect(request, stream->uv_tcp(), reinterpret_cast<sockaddr*>(&address),
                          ConnectRequest::OnDone);
  }));
}

napi_value TcpSockName(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  sockaddr_storage address{};
  int size = sizeof address;
  const int status =
      uv_tcp_getsockname(stream->uv_tcp(), reinterpret_cast<sockaddr*>(&address), &size);
  if (status != 0) return arguments.Return(status);
  return ReturnAddress(arguments, reinterpret_cast<sockaddr*>(&address));
}

napi_value TcpPeerName(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  if (stream->peer() != nullptr) return ReturnAddress(arguments, stream->peer());
  sockaddr_storage address{};
  int size = sizeof address;
  const int status =
      uv_tcp_getpeername(stream->uv_tcp(), reinterpret_cast<sockaddr*>(&address), &size);
  if (status != 0) return arguments.Return(status);
  return ReturnAddress(arguments, reinterpret_cast<sockaddr*>(&address));
}

napi_value TcpNoDelay(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(uv_tcp_nodelay(stream->uv_tcp(), arguments.Bool(1) ? 1 : 0));
}

// (id, enable, delay in s, interval in s, count); 0 leaves the value of the system. The interval
// and the count of probes are set here on every platform that supports them, because the libuv of
// older versions of Node has no uv_tcp_keepalive_ex.
napi_value TcpKeepAlive(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  const bool enable = arguments.Bool(1);
  const int delay = arguments.Int(2);
  int status;
#ifdef _WIN32
  status = uv_tcp_keepalive(stream->uv_tcp(), enable ? 1 : 0, static_cast<unsigned>(delay));
#else
  // Newer versions of libuv reject a delay of 0, which means "unchanged" here.
  if (enable && delay == 0) {
    status = SetIntOption(stream, SOL_SOCKET, SO_KEEPALIVE, 1);
  } else {
    status = uv_tcp_keepalive(stream->uv_tcp(), enable ? 1 : 0, static_cast<unsigned>(delay));
  }
#ifdef TCP_KEEPINTVL
  if (status == 0 && enable && arguments.Int(3) > 0) {
    status = SetIntOption(stream, IPPROTO_TCP, TCP_KEEPINTVL, arguments.Int(3));
  }
#endif
#ifdef TCP_KEEPCNT
  if (status == 0 && enable && arguments.Int(4) > 0) {
    status = SetIntOption(stream, IPPROTO_TCP, TCP_KEEPCNT, arguments.Int(4));
  }
#endif
#endif
  return arguments.Return(status);
}

}  // namespace

void InitTcp(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "tcpBind", TcpBind);
  Define(env, exports, "tcpConnect", TcpConnect);
  Define(env, exports, "tcpSockName", TcpSockName);
  Define(env, exports, "tcpPeerName", TcpPeerName);
  Define(env, exports, "tcpNoDelay", TcpNoDelay);
  Define(env, exports, "tcpKeepAlive", TcpKeepAlive);
}

}  // namespace uvnet
