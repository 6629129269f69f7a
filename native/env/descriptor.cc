#include "env/descriptor.h"

#ifndef _WIN32
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif

#include "env/arguments.h"

namespace uvnet {

int DuplicateDescriptor(int fd) {
#ifdef _WIN32
  (void)fd;
  return UV_ENOTSUP;
#else
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy == -1 ? uv_translate_sys_error(errno) : copy;
#endif
}

namespace {

// (fd): as above
napi_value Duplicate(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  return arguments.Return(DuplicateDescriptor(arguments.Int(0, -1)));
}

// (fd): closes what duplicateDescriptor gave, or a peer sent, and nobody took.
napi_value Close(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
#ifdef _WIN32
  return arguments.Return(UV_ENOTSUP);
#else
  return arguments.Return(close(arguments.Int(0, -1)) == 0 ? 0 : uv_translate_sys_error(errno));
#endif
}

// (fd): 1 for a listening socket, otherwise 0.
napi_value Listens(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int listening = 0;
#ifndef _WIN32
  socklen_t size = sizeof(listening);
  if (getsockopt(arguments.Int(0, -1), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
    listening = 0;
  }
#endif
  return arguments.Return(listening != 0 ? 1 : 0);
}

// (fd): 1 where a read would not wait, for bytes, the end or an error; otherwise 0.
napi_value IsReadable(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
#ifdef _WIN32
  return arguments.Return(0);
#else
  pollfd poll_fd{arguments.Int(0, -1), POLLIN, 0};
  return arguments.Return(poll(&poll_fd, 1, 0) == 1 ? 1 : 0);
#endif
}

}  // namespace

void InitDescriptor(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "duplicateDescriptor", Duplicate);
  Define(env, exports, "closeDescriptor", Close);
  Define(env, exports, "isReadable", IsReadable);
  Define(env, exports, "isListeningDescriptor", Listens);
}

}  // namespace uvnet
