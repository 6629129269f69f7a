#ifndef UVNET_SOCKET_ERROR_H_
#define UVNET_SOCKET_ERROR_H_

#include <uv.h>

#ifndef _WIN32
#include <cerrno>
#endif

namespace uvnet {

// The reason for which the last call of a socket function failed, as a code of libuv.
inline int LastSocketError() {
#ifdef _WIN32
  const int error = WSAGetLastError();
  // libuv does not know these, and says UNKNOWN.
  if (error == WSAENOPROTOOPT) return UV_ENOPROTOOPT;
  if (error == WSAEOPNOTSUPP) return UV_ENOTSUP;
  return uv_translate_sys_error(error);
#else
  return -errno;
#endif
}

}  // namespace uvnet

#endif  // UVNET_SOCKET_ERROR_H_
