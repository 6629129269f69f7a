#include "unix_path.h"

#ifndef _WIN32
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

#include "arguments.h"

namespace uvnet {

namespace {

// (path): 0 where somebody listens, UV_ECONNREFUSED where nobody does (the process that made the
// socket is gone), or another reason why that cannot be said. Whoever listens sees a connection
// that closes at once. Does not wait: a unix socket answers a connect(2) on the spot.
napi_value PathProbe(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
#ifdef _WIN32
  return arguments.Return(UV_ENOTSUP);
#else
  const std::string path = arguments.String(0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return arguments.Return(UV_ENAMETOOLONG);
  }
  std::memcpy(address.sun_path, path.data(), path.size());

  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return arguments.Return(uv_translate_sys_error(errno));
  int status = 0;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
      connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    status = uv_translate_sys_error(errno);
  }
  close(fd);
  // A full queue is the queue of somebody.
  return arguments.Return(status == UV_EAGAIN ? 0 : status);
#endif
}

}  // namespace

void InitUnixPath(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "pathProbe", PathProbe);
}

}  // namespace uvnet
