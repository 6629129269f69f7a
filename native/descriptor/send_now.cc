#include "descriptor/send_now.h"

#ifdef __linux__
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#endif

namespace uvnet {

#ifdef __linux__

namespace {

// Before the stream is connected and after its shutdown, uv_try_write returns the right error. For
// an empty write to a peer that has gone, the system calls differ.
bool Sendable(const uv_stream_t* stream, const uv_buf_t* buffers, unsigned count) {
  return stream->connect_req == nullptr && uv_is_writable(stream) && count <= IOV_MAX &&
         std::any_of(buffers, buffers + count,
                     [](const uv_buf_t& buffer) { return buffer.len > 0; });
}

ssize_t Send(int fd, const uv_buf_t* buffers, unsigned count) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  ssize_t sent;
  do {
    if (count == 1) {
      sent = send(fd, buffers[0].base, buffers[0].len, kFlags);
    } else {
      // The buffers of libuv have the layout of the system's.
      msghdr message{};
      message.msg_iov = reinterpret_cast<iovec*>(const_cast<uv_buf_t*>(buffers));
      message.msg_iovlen = count;
      sent = sendmsg(fd, &message, kFlags);
    }
  } while (sent < 0 && errno == EINTR);
  return sent;
}

}  // namespace

int SendNow(uv_stream_t* stream, const uv_buf_t* buffers, unsigned count) {
  uv_os_fd_t fd;
  if (!Sendable(stream, buffers, count) ||
      uv_fileno(reinterpret_cast<const uv_handle_t*>(stream), &fd) != 0) {
    return uv_try_write(stream, buffers, count);
  }
  const ssize_t sent = Send(fd, buffers, count);
  if (sent >= 0) return static_cast<int>(sent);
  // A pipe handle may have been given a FIFO.
  if (errno == ENOTSOCK) return uv_try_write(stream, buffers, count);
  if (errno == EAGAIN || errno == ENOBUFS) return UV_EAGAIN;
  return uv_translate_sys_error(errno);
}

#else

int SendNow(uv_stream_t* stream, const uv_buf_t* buffers, unsigned count) {
  return uv_try_write(stream, buffers, count);
}

#endif

}  // namespace uvnet
