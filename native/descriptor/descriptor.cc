#include "descriptor/descriptor.h"

#ifndef _WIN32
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif
#ifdef __APPLE__
#include <libproc.h>
#endif

#include "descriptor/held_descriptors.h"
#include "env/arguments.h"
#include "env/modules.h"

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

int CloseDescriptor(int fd) {
#ifdef _WIN32
  (void)fd;
  return UV_ENOTSUP;
#else
  return close(fd) == 0 ? 0 : uv_translate_sys_error(errno);
#endif
}

namespace {

// (fd): as above. The new descriptor is held until it has another owner.
napi_value Duplicate(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int copy = DuplicateDescriptor(arguments.Int(0, -1));
  return arguments.Return(HeldDescriptors::Of(arguments.environment()).Hold(copy));
}

// (fd): closes a descriptor from duplicateDescriptor or from a peer. UV_EBADF if it already has
// another owner.
napi_value Close(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int(0, -1);
  if (!HeldDescriptors::Of(arguments.environment()).Release(fd)) return arguments.Return(UV_EBADF);
  return arguments.Return(CloseDescriptor(fd));
}

// (fd): marks that the descriptor now has another owner.
napi_value Release(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const bool held = HeldDescriptors::Of(arguments.environment()).Release(arguments.Int(0, -1));
  return arguments.Return(held ? 0 : UV_EBADF);
}

// (fd): 1 if it has no other owner yet, otherwise 0.
napi_value Holds(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const bool held = HeldDescriptors::Of(arguments.environment()).Holds(arguments.Int(0, -1));
  return arguments.Return(held ? 1 : 0);
}

bool IsListening(int fd) {
#if defined(_WIN32)
  (void)fd;
  return false;
#elif defined(__APPLE__)
  // getsockopt(2) refuses SO_ACCEPTCONN there.
  socket_fdinfo socket{};
  return proc_pidfdinfo(getpid(), fd, PROC_PIDFDSOCKETINFO, &socket, sizeof(socket)) ==
             static_cast<int>(sizeof(socket)) &&
         (socket.psi.soi_options & SO_ACCEPTCONN) != 0;
#else
  int listening = 0;
  socklen_t size = sizeof(listening);
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
#endif
}

// (fd): 1 for a listening socket, otherwise 0.
napi_value Listens(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  return arguments.Return(IsListening(arguments.Int(0, -1)) ? 1 : 0);
}

// (fd): 1 if a read would return bytes, the end or an error without waiting; otherwise 0.
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
  Define(env, exports, "releaseDescriptor", Release);
  Define(env, exports, "holdsDescriptor", Holds);
  Define(env, exports, "isReadable", IsReadable);
  Define(env, exports, "isListeningDescriptor", Listens);
}

}  // namespace uvnet
