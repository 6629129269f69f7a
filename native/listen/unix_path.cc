#ifndef _WIN32
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#endif

#include "env/arguments.h"
#include "env/modules.h"

namespace uvnet {

namespace {

// (path): UV_ECONNREFUSED if no process uses the socket any more, 0 if one does, or another error
// if this cannot be determined. It probes with a datagram socket. A datagram socket cannot connect
// to a stream socket, so a listener does not notice the probe. The probe also recognises a socket
// that is bound but does not listen yet, which a stream socket could not distinguish from the
// socket of a dead process.
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

// (fd): waits for the exclusive lock of flock(2), but at most for a second, because any process
// that can read a directory can hold its lock. The lock ends with the descriptor.
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

#ifndef _WIN32

// The file at a path, opened so that it cannot be replaced by another.
class SocketFile {
 public:
  explicit SocketFile(const std::string& path) : path_(path) {}
  ~SocketFile() {
    if (fd_ >= 0) close(fd_);
  }
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // UV_ENOTSOCK for anything that cannot be the socket that this process has bound. Any user with
  // write access to a directory without the sticky bit may replace the socket, for example with a
  // link to a file whose mode only this process could change.
  int Look(mode_t* mode) {
    // Uses libuv, because a direct call of fstat(2) would need glibc 2.33.
    uv_fs_t request;
#ifdef __linux__
    fd_ = open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd_ < 0) return uv_translate_sys_error(errno);
    const int status = uv_fs_fstat(nullptr, &request, fd_, nullptr);
#else
    const int status = uv_fs_lstat(nullptr, &request, path_.c_str(), nullptr);
#endif
    uv_stat_t found{};
    if (status == 0) found = request.statbuf;
    uv_fs_req_cleanup(&request);
    if (status != 0) return status;
    if (!S_ISSOCK(found.st_mode) || found.st_uid != geteuid() || found.st_nlink != 1) {
      return UV_ENOTSOCK;
    }
    *mode = found.st_mode & 07777;
    return 0;
  }

  int SetMode(mode_t mode) {
#ifdef __linux__
    // fchmod(2) rejects descriptors of this kind, but they have a name in /proc.
    const std::string name = "/proc/self/fd/" + std::to_string(fd_);
    const bool done = chmod(name.c_str(), mode) == 0;
#else
    const bool done = fchmodat(AT_FDCWD, path_.c_str(), mode, AT_SYMLINK_NOFOLLOW) == 0;
#endif
    return done ? 0 : uv_translate_sys_error(errno);
  }

 private:
  const std::string path_;
  int fd_ = -1;
};

#endif

// (path, mode, onlyMore): sets the permissions of a socket of this process. With `onlyMore`, it
// fails with UV_EACCES if it would take the permission to connect away from any user.
napi_value SetSocketMode(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
#ifdef _WIN32
  return arguments.Return(UV_ENOTSUP);
#else
  // Connecting requires the permission to write.
  constexpr mode_t kMayConnect = 0222;
  const auto mode = static_cast<mode_t>(arguments.Int(1));
  SocketFile file(arguments.String(0));
  mode_t before = 0;
  int status = file.Look(&before);
  if (status == 0 && arguments.Bool(2) && (before & kMayConnect & ~mode) != 0) status = UV_EACCES;
  return arguments.Return(status == 0 ? file.SetMode(mode) : status);
#endif
}

}  // namespace

void InitUnixPath(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "pathProbe", PathProbe);
  Define(env, exports, "lockFile", LockFile);
  Define(env, exports, "setSocketMode", SetSocketMode);
}

}  // namespace uvnet
