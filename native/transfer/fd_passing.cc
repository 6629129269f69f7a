#include "transfer/fd_passing.h"

#ifndef _WIN32
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "env/descriptor.h"
#include "env/held_descriptors.h"
#include "env/js_call.h"
#include "env/request.h"
#include "stream/piece.h"
#include "stream/receive_buffer.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

#ifndef _WIN32

namespace {

// A descriptor in the shape in which libuv takes and gives one: a pipe handle
// that is never read or written. Closing it closes the descriptor.
class Holder {
 public:
  static Holder* New(Environment* environment, int* status) {
    auto* self = new Holder(environment);
    *status = uv_pipe_init(environment->loop(), &self->pipe_, 0);
    if (*status != 0) {
      delete self;
      return nullptr;
    }
    self->pipe_.data = self;
    environment->HandleOpened();
    return self;
  }

  // On success the descriptor belongs to the holder.
  int Open(int fd) {
    // uv_pipe_open makes it non-blocking, for all who share the open file: a
    // terminal, say, whose other users would not expect that.
    const int flags = fcntl(fd, F_GETFL);
    const int status = uv_pipe_open(&pipe_, fd);
    if (flags != -1 && (flags & O_NONBLOCK) == 0) (void)fcntl(fd, F_SETFL, flags);
    return status;
  }

  // A descriptor of its own for what the holder holds, or a status.
  int Duplicate() const {
    uv_os_fd_t fd;
    const int status = uv_fileno(reinterpret_cast<const uv_handle_t*>(&pipe_), &fd);
    if (status != 0) return status;
    return DuplicateDescriptor(fd);
  }

  void Close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&pipe_), [](uv_handle_t* handle) {
      auto* self = static_cast<Holder*>(handle->data);
      Environment* environment = self->environment_;
      delete self;
      environment->HandleClosed();
    });
  }

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&pipe_); }

 private:
  explicit Holder(Environment* environment) : environment_(environment) {}

  Environment* environment_;
  uv_pipe_t pipe_;
};

class DescriptorRequest : public Request<uv_write_t> {
 public:
  DescriptorRequest(Stream* stream, Holder* holder)
      : stream_(stream),
        holder_(holder),
        caller_(AsyncContext::Make(stream->environment()->env(), "WRITEWRAP")) {}
  ~DescriptorRequest() {
    if (pin_ != nullptr) napi_delete_reference(stream_->environment()->env(), pin_);
    holder_->Close();
  }

  int Pin(napi_value object) {
    napi_env env = stream_->environment()->env();
    return napi_create_reference(env, object, 1, &pin_) == napi_ok ? 0 : UV_ENOMEM;
  }

  static void OnDone(uv_write_t* request, int status) {
    auto self = Finish<DescriptorRequest>(request);
    Stream* stream = self->stream_;
    if (status == 0) stream->Touch();
    JsCall(stream, self->caller_).Int(stream->id()).Int(status).Run(Callback::kWrite);
  }

 private:
  Stream* stream_;
  Holder* holder_;
  std::shared_ptr<AsyncContext> caller_;
  napi_ref pin_ = nullptr;
};

}  // namespace

int ReceiveDescriptors(Stream* stream, bool receive) {
  if (stream->kind() != Handle::Kind::kPipe) return UV_ENOTSUP;
  // The flag that uv_pipe_init takes. On Unix libuv looks at it before each read
  // and each write and nowhere else, so it may change in between.
  stream->uv_pipe()->ipc = receive ? 1 : 0;
  return 0;
}

namespace {

std::vector<int> TakeDescriptors(Stream* stream) {
  std::vector<int> taken;
  uv_pipe_t* pipe = stream->uv_pipe();
  while (uv_pipe_pending_count(pipe) > 0) {
    int status;
    Holder* holder = Holder::New(stream->environment(), &status);
    if (holder == nullptr) break;
    // What cannot be taken libuv closes, here or with the stream.
    status = uv_accept(stream->uv_stream(), holder->stream());
    const int fd = status == 0 ? holder->Duplicate() : status;
    holder->Close();
    if (fd >= 0) taken.push_back(fd);
  }
  return taken;
}

// Hands descriptors to JavaScript. False where the stream was closed meanwhile.
bool ReportDescriptors(Stream* stream, const std::vector<int>& descriptors, const uv_buf_t& bytes) {
  stream->SetUndelivered(bytes);
  for (const int fd : descriptors) {
    JsCall call(stream);
    if (!stream->alive() || !call.possible()) {
      close(fd);
      continue;
    }
    napi_value position = nullptr;
    if (napi_create_double(stream->environment()->env(),
                           static_cast<double>(stream->bytes_read() + bytes.len),
                           &position) != napi_ok) {
      close(fd);
      continue;
    }
    HeldDescriptors::Of(stream->environment()).Hold(fd);
    call.Int(stream->id()).Int(fd).Value(position).Run(Callback::kDescriptor);
  }
  stream->SetUndelivered(uv_buf_init(nullptr, 0));
  return stream->alive();
}

// As many as the kernel lets into one message.
constexpr size_t kMaxDescriptors = 253;

constexpr int kMaxRounds = 32;

bool HungUp(int fd) {
  pollfd poll_fd{fd, 0, 0};
  return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP) != 0;
}

// As recvmsg(2), with all descriptors of the message.
ssize_t Receive(int fd, const uv_buf_t& buffer, std::vector<int>* descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
  iovec bytes{buffer.base, buffer.len};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t nread;
  do {
#ifdef MSG_CMSG_CLOEXEC
    nread = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
#else
    nread = recvmsg(fd, &message, MSG_DONTWAIT);
#endif
  } while (nread < 0 && errno == EINTR);
  if (nread < 0) return nread;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int found;
      std::memcpy(&found, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
#ifndef MSG_CMSG_CLOEXEC
      (void)fcntl(found, F_SETFD, FD_CLOEXEC);
#endif
      descriptors->push_back(found);
    }
  }
  return nread;
}

}  // namespace

bool DeliverDescriptors(Stream* stream, const uv_buf_t& bytes) {
  // All at once: a listener may stop the reading, and uv_accept would start
  // polling again.
  return ReportDescriptors(stream, TakeDescriptors(stream), bytes);
}

// A descriptor ends a read, however much follows. libuv takes a read that did not
// fill its buffer for the last one, and where the other end has closed already it
// reports the end at once: what follows would be lost. So it is read here.
void Stream::ReadOn() {
  for (int round = 0; alive() && reading_; ++round) {
    // Enough for one turn, unless nothing but the end is to come.
    if (round >= kMaxRounds && !HungUp(fd())) return;
    uv_buf_t buffer;
    OnAllocate(uv_handle(), ReceiveBuffer::kAreaSize, &buffer);
    if (buffer.len == 0) return;
    std::vector<int> descriptors;
    const ssize_t nread = Receive(fd(), buffer, &descriptors);
    // Nothing left, the end or an error: libuv is told of those as well.
    if (nread <= 0) return;
    const auto size = static_cast<size_t>(nread);
    if (!ReportDescriptors(this, descriptors, Piece(buffer.base, size))) return;
    DeliverBytes(buffer.base, size);
  }
}

int SendDescriptor(Stream* stream, const char* data, size_t size, napi_value pin, int fd) {
  int status = stream->kind() == Handle::Kind::kPipe ? 0 : UV_ENOTSUP;
  if (status == 0 && size == 0) status = UV_EINVAL;
  // Gathered bytes go first.
  if (status == 0) status = stream->Flush();
  Holder* holder = status == 0 ? Holder::New(stream->environment(), &status) : nullptr;
  if (status == 0) status = holder->Open(fd);
  if (status != 0) {
    close(fd);
    if (holder != nullptr) holder->Close();
    return status;
  }

  std::unique_ptr<DescriptorRequest> request(new DescriptorRequest(stream, holder));
  status = request->Pin(pin);
  if (status != 0) return status;
  uv_pipe_t* pipe = stream->uv_pipe();
  const int receiving = pipe->ipc;
  pipe->ipc = 1;
  const uv_buf_t buffer = Piece(data, size);
  status = DescriptorRequest::Start(std::move(request), [&](uv_write_t* write) {
    return uv_write2(write, stream->uv_stream(), &buffer, 1, holder->stream(),
                     DescriptorRequest::OnDone);
  });
  pipe->ipc = receiving;
  if (status != 0) return status;
  stream->CountWritten(size);
  return kWriteQueued;
}

#else

int ReceiveDescriptors(Stream*, bool) { return UV_ENOTSUP; }

bool DeliverDescriptors(Stream*, const uv_buf_t&) { return true; }

void Stream::ReadOn() {}

int SendDescriptor(Stream*, const char*, size_t, napi_value, int) { return UV_ENOTSUP; }

#endif  // _WIN32

// Methods ---------------------------------------------------------------------

namespace {

// (id, receive)
napi_value Receive(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(ReceiveDescriptors(stream, arguments.Bool(1)));
}

// (id, data, fd): the descriptor is taken over, whatever the answer.
napi_value Send(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  const int fd = arguments.Int(2, -1);
  HeldDescriptors::Of(arguments.environment()).Release(fd);
  void* data = nullptr;
  size_t size = 0;
  int status = stream == nullptr ? UV_EBADF : 0;
  if (status == 0 &&
      (!arguments.has(2) || napi_get_buffer_info(env, arguments.at(1), &data, &size) != napi_ok)) {
    status = UV_EINVAL;
  }
  if (status != 0) {
#ifndef _WIN32
    if (fd >= 0) close(fd);
#endif
    return arguments.Return(status);
  }
  return arguments.Return(
      SendDescriptor(stream, static_cast<const char*>(data), size, arguments.at(1), fd));
}

}  // namespace

void InitFdPassing(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "receiveDescriptors", Receive);
  Define(env, exports, "sendDescriptor", Send);
}

}  // namespace uvnet
