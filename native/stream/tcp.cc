#include "stream/tcp.h"

#ifndef _WIN32
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#endif

#include "address/endpoint.h"
#include "env/held_descriptors.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

// (type of the async resource)
napi_value TcpNew(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int status;
  Stream* stream = Stream::NewTcp(arguments.environment(), AF_UNSPEC, &status);
  if (stream == nullptr) return arguments.Return(status);
  stream->Attach(arguments.at(0));
  return arguments.Return(stream->Register());
}

napi_value TcpOpen(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  const int fd = arguments.Int(1, -1);
  const int status = uv_tcp_open(stream->uv_tcp(), static_cast<uv_os_sock_t>(fd));
  if (status == 0) HeldDescriptors::Of(arguments.environment()).Release(fd);
  return arguments.Return(status);
}

#ifndef _WIN32
int SetIntOption(Stream* stream, int level, int name, int value) {
  uv_os_fd_t fd;
  const int status = uv_fileno(stream->uv_handle(), &fd);
  if (status != 0) return status;
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : uv_translate_sys_error(errno);
}
#endif

napi_value TcpSockName(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  sockaddr_storage address{};
  int size = sizeof address;
  const int status =
      uv_tcp_getsockname(stream->uv_tcp(), reinterpret_cast<sockaddr*>(&address), &size);
  if (status != 0) return arguments.Return(status);
  return ReturnEndpoint(arguments, reinterpret_cast<sockaddr*>(&address));
}

napi_value TcpPeerName(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  if (stream->peer() != nullptr) return ReturnEndpoint(arguments, stream->peer());
  sockaddr_storage address{};
  int size = sizeof address;
  const int status =
      uv_tcp_getpeername(stream->uv_tcp(), reinterpret_cast<sockaddr*>(&address), &size);
  if (status != 0) return arguments.Return(status);
  return ReturnEndpoint(arguments, reinterpret_cast<sockaddr*>(&address));
}

napi_value TcpNoDelay(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(uv_tcp_nodelay(stream->uv_tcp(), arguments.Bool(1) ? 1 : 0));
}

// (id, enable, delay s, interval s, count); 0 leaves the system's value. The
// probes' interval and count are set here on every platform that has them,
// because uv_tcp_keepalive_ex is missing in the libuv of older Node lines.
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
  // Newer versions of libuv refuse a delay of 0, which here means "as it is".
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
  Define(env, exports, "tcpNew", TcpNew);
  Define(env, exports, "tcpOpen", TcpOpen);
  Define(env, exports, "tcpSockName", TcpSockName);
  Define(env, exports, "tcpPeerName", TcpPeerName);
  Define(env, exports, "tcpNoDelay", TcpNoDelay);
  Define(env, exports, "tcpKeepAlive", TcpKeepAlive);
}

}  // namespace uvnet
