#include "connect/abstract_name.h"

#ifdef __linux__
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#endif

namespace uvnet {

#ifndef __linux__

bool PadsName(const std::string&) { return false; }

int BindAbstractName(uv_pipe_t*, const std::string&) { return UV_ENOTSUP; }

int ConnectAbstractName(Stream*, const std::string&) { return UV_ENOTSUP; }

#else

namespace {

constexpr unsigned kFirstExactVersion = 1 << 16 | 51 << 8;

// A socket address with an exact length.
class Name {
 public:
  explicit Name(const std::string& name) {
    address_.sun_family = AF_UNIX;
    if (name.size() > sizeof address_.sun_path) return;
    std::memcpy(address_.sun_path, name.data(), name.size());
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  }

  bool fits() const { return size_ > 0; }
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return size_; }

 private:
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

// Calls `give` with a new socket, which then belongs to the pipe.
template <typename Give>
int OpenWith(uv_pipe_t* pipe, Give&& give) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return uv_translate_sys_error(errno);
  int status = give(fd) == 0 ? uv_pipe_open(pipe, fd) : uv_translate_sys_error(errno);
  if (status != 0) close(fd);
  return status;
}

// Reports the result of a connect in the next turn of the loop, although it is known at once.
//
// Life: owns itself until its timer is closed.
class Outcome final : private StreamAttachment {
 public:
  static void Tell(Stream* stream, int status) {
    auto* const self = new Outcome(stream, status);
    Environment* const environment = self->environment_;
    // Both calls cannot fail for a handle that is not closing.
    uv_timer_init(environment->loop(), &self->timer_);
    uv_timer_start(&self->timer_, OnTurn, 0, 0);
    self->timer_.data = self;
    environment->HandleOpened();
    self->SetRef(stream->HasRef());
    stream->SetAttachment(Role::kConnector, self);
  }

  Outcome(const Outcome&) = delete;
  Outcome& operator=(const Outcome&) = delete;

 private:
  Outcome(Stream* stream, int status)
      : stream_(stream), environment_(stream->environment()), status_(status) {}
  ~Outcome() = default;

  void StreamClosing() override { Close(); }

  void SetRef(bool ref) override {
    auto* const timer = reinterpret_cast<uv_handle_t*>(&timer_);
    if (ref) {
      uv_ref(timer);
    } else {
      uv_unref(timer);
    }
  }

  void Close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), [](uv_handle_t* handle) {
      auto* const self = static_cast<Outcome*>(handle->data);
      Environment* const environment = self->environment_;
      delete self;
      environment->HandleClosed();
    });
  }

  static void OnTurn(uv_timer_t* timer) {
    auto* const self = static_cast<Outcome*>(timer->data);
    Stream* const stream = self->stream_;
    const int status = self->status_;
    stream->SetAttachment(Role::kConnector, nullptr);
    self->Close();
    stream->Connected(status);
  }

  Stream* stream_;
  Environment* environment_;  // outlives the stream
  const int status_;
  uv_timer_t timer_;
};

}  // namespace

bool PadsName(const std::string& name) {
  return !name.empty() && name[0] == '\0' && uv_version() < kFirstExactVersion;
}

int BindAbstractName(uv_pipe_t* pipe, const std::string& text) {
  const Name name(text);
  uv_os_fd_t bound;
  if (!name.fits() || uv_fileno(reinterpret_cast<uv_handle_t*>(pipe), &bound) == 0) {
    return UV_EINVAL;
  }
  return OpenWith(pipe, [&](int fd) { return bind(fd, name.address(), name.size()); });
}

int ConnectAbstractName(Stream* stream, const std::string& text) {
  if (stream->is_connecting()) return UV_EALREADY;
  const Name name(text);
  if (!name.fits()) return UV_EINVAL;
  const auto connect_to = [&](int fd) {
    int result;
    do {
      result = connect(fd, name.address(), name.size());
    } while (result != 0 && errno == EINTR);
    return result;
  };
  int status = 0;
  if (stream->fd() < 0) {
    status = OpenWith(stream->uv_pipe(), connect_to);
  } else if (connect_to(stream->fd()) != 0) {
    status = uv_translate_sys_error(errno);
  }
  Outcome::Tell(stream, status);
  return 0;
}

#endif  // __linux__

}  // namespace uvnet
