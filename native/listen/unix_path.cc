#include "listen/unix_path.h"

#ifndef _WIN32
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#endif

#include "env/arguments.h"

namespace uvnet {

namespace {

// (path): UV_ECONNREFUSED where no process holds the socket any more, 0 where one does, or another
// reason why that cannot be said. A datagram socket asks: to a stream socket it cannot be
// connected, so whoever listens sees nothing of it, and one that is bound and does not listen yet
// differs from one whose process is gone, as it would not for a stream.
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

  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return arguments.Return(uv_translate_sys_error(errno));
  int status = 0;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
      connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    status = uv_translate_sys_error(errno);
  }
  close(fd);
  return arguments.Return(status == UV_EPROTOTYPE ? 0 : status);
#endif
}

// (fd): waits for the exclusive lock of flock(2), for a second at most, since whoever may read a
// directory can keep its lock. The lock ends with the descriptor.
napi_value LockFile(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
#ifdef _WIN32
  return arguments.Return(UV_ENOTSUP);
#else
  constexpr auto kPause = std::chrono::milliseconds(1);
  constexpr int kTries = 1000;
  const int fd = arguments.Int(0, -1);
  int status = UV_EAGAIN;
  for (int i = 0; i < kTries && status == UV_EAGAIN; i++) {
    if (i > 0) std::this_thread::sleep_for(kPause);
    status = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : uv_translate_sys_error(errno);
  }
  return arguments.Return(status);
#endif
}

}  // namespace

void InitUnixPath(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "pathProbe", PathProbe);
  Define(env, exports, "lockFile", LockFile);
}

}  // namespace uvnet
