#include "connect/tcp_ends.h"

#ifndef _WIN32
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#endif

#include "address/endpoint.h"
#include "options/preset.h"
#include "stream/connect_request.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

// libuv up to 1.48 ignores UV_TCP_REUSEPORT without a word, so it is set here.
int SetReusePort(Stream* stream, int family) {
#if !defined(_WIN32) && defined(SO_REUSEPORT)
  int status = EnsureSocket(stream, family);
  uv_os_sock_t fd;
  if (status == 0) status = SocketOf(stream, &fd);
  if (status != 0) return status;
  const int on = 1;
  return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0
             ? 0
             : uv_translate_sys_error(errno);
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
  int status = EndpointFromArguments(arguments, 1, &address);
  if (status != 0) return arguments.Return(status);
  if (arguments.Bool(5)) {
    status = SetReusePort(stream, address.ss_family);
    if (status != 0) return arguments.Return(status);
  }
  status = PrepareSocket(stream, address.ss_family);
  if (status != 0) return arguments.Return(status);
  // It has no meaning for IPv4, where node:net ignores it and libuv fails.
  const bool ipv6_only = arguments.Bool(4) && address.ss_family == AF_INET6;
  const unsigned flags = ipv6_only ? UV_TCP_IPV6ONLY : 0;
  status = uv_tcp_bind(stream->uv_tcp(), reinterpret_cast<sockaddr*>(&address), flags);
  return arguments.Return(status != 0 ? status : ApplyPreset(stream, OptionStage::kBound));
}

// (id, address, port, family)
napi_value TcpConnect(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  sockaddr_storage address{};
  int status = EndpointFromArguments(arguments, 1, &address);
  if (status == 0) status = PrepareSocket(stream, address.ss_family);
  if (status == 0) status = ApplyPreset(stream, OptionStage::kBound);
  if (status != 0) return arguments.Return(status);
  return arguments.Return(ConnectRequest::Begin(stream, [&](uv_connect_t* request) {
    return uv_tcp_connect(request, stream->uv_tcp(), reinterpret_cast<sockaddr*>(&address),
                          ConnectRequest::OnDone);
  }));
}

}  // namespace

void InitTcpEnds(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "tcpBind", TcpBind);
  Define(env, exports, "tcpConnect", TcpConnect);
}

}  // namespace uvnet
