#ifndef UVNET_DESCRIPTOR_HOLDER_H_
#define UVNET_DESCRIPTOR_HOLDER_H_

#ifndef _WIN32

#include <fcntl.h>
#include <uv.h>

#include "descriptor/descriptor.h"
#include "env/environment.h"

namespace uvnet {

// A descriptor in the form in which libuv takes and returns one: a pipe handle that is never read
// or written. Closing the handle closes the descriptor.
class DescriptorHolder {
 public:
  static DescriptorHolder* New(Environment* environment, int* status) {
    auto* self = new DescriptorHolder(environment);
    *status = uv_pipe_init(environment->loop(), &self->pipe_, 0);
    if (*status != 0) {
      delete self;
      return nullptr;
    }
    self->pipe_.data = self;
    environment->HandleOpened();
    return self;
  }

  // On success, the holder owns the descriptor.
  int Open(int fd) {
    // uv_pipe_open makes it non-blocking for all users of the open file. For example, other users
    // of a terminal would not expect this.
    const int flags = fcntl(fd, F_GETFL);
    const int status = uv_pipe_open(&pipe_, fd);
    if (flags != -1 && (flags & O_NONBLOCK) == 0) (void)fcntl(fd, F_SETFL, flags);
    return status;
  }

  // Returns a duplicate of the descriptor, or a status.
  int Duplicate() const {
    uv_os_fd_t fd;
    const int status = uv_fileno(reinterpret_cast<const uv_handle_t*>(&pipe_), &fd);
    if (status != 0) return status;
    return DuplicateDescriptor(fd);
  }

  void Close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&pipe_), [](uv_handle_t* handle) {
      auto* self = static_cast<DescriptorHolder*>(handle->data);
      Environment* environment = self->environment_;
      delete self;
      environment->HandleClosed();
    });
  }

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&pipe_); }

 private:
  explicit DescriptorHolder(Environment* environment) : environment_(environment) {}

  Environment* environment_;
  uv_pipe_t pipe_;
};

}  // namespace uvnet

#endif  // _WIN32

#endif  // UVNET_DESCRIPTOR_HOLDER_H_
