#include "stream/stream.h"

#include <cstring>
#include <utility>

#include "env/js_call.h"
#include "env/request.h"
#include "stream/stream_consumer.h"

namespace uvnet {

namespace {

class ShutdownRequest : public Request<uv_shutdown_t> {
 public:
  explicit ShutdownRequest(Stream* stream)
      : consumer_(stream->consumer()),
        by_group_(consumer_ != nullptr && consumer_->AsLeanGroup() != nullptr) {
    if (consumer_ == nullptr) {
      caller_ = AsyncContext::Make(stream->environment(), "SHUTDOWNWRAP");
    }
  }
  StreamConsumer* consumer() const { return consumer_; }
  const std::shared_ptr<AsyncContext>& caller() const { return caller_; }
  // The end of a stream is reported to the group that has it, even if another group requested it.
  bool IsForGroup(StreamConsumer* consumer) const {
    return by_group_ && consumer != nullptr && consumer->AsLeanGroup() != nullptr;
  }

 private:
  StreamConsumer* consumer_;
  const bool by_group_;
  std::shared_ptr<AsyncContext> caller_;
};

}  // namespace

Stream* Stream::New(Environment* environment, Kind kind, int* status) {
  auto* self = new Stream(environment, kind);
  *status = kind == Kind::kTcp ? uv_tcp_init(environment->loop(), self->uv_tcp())
                               : uv_pipe_init(environment->loop(), self->uv_pipe(), 0);
  if (*status != 0) {
    delete self;
    return nullptr;
  }
  self->Opened();
  return self;
}

Stream::Stream(Environment* environment, Kind kind) : Handle(environment, kind) {
#if defined(__linux__) && defined(__x86_64__) && defined(__GLIBCXX__)
  // Each open connection has a Stream, so the size class of the allocator matters.
  static_assert(sizeof(Stream) <= 424, "no longer in the size class of 432 bytes");
#endif
}

Stream::~Stream() { ForgetUserBuffer(); }

void Stream::OnClosing() {
  if (consumer_ != nullptr) consumer_->OnClosing(this);
  if (extra_ != nullptr) {
    for (StreamAttachment*& attachment : extra_->attachments) {
      if (attachment != nullptr) std::exchange(attachment, nullptr)->StreamClosing();
    }
  }
  writer_.Close(this);
  admission_.Leave(bytes_read(), bytes_written());
}

void Stream::ReportClosed() {
  if (consumer_ != nullptr) {
    consumer_->OnClosed(this);
  } else if (id() >= 0) {
    JsCall(this).Int(id()).Run(Callback::kClose);
  }
}

void Stream::TakePlaceOf(Stream* other) {
  Handle::TakePlaceOf(other);
  Extra* const mine = extra();
  Extra* const theirs = other->extra();
  // It was only a socket that is being connected.
  using Role = StreamAttachment::Role;
  for (const auto role :
       {static_cast<size_t>(Role::kConnector), static_cast<size_t>(Role::kOptions)}) {
    std::swap(mine->attachments[role], theirs->attachments[role]);
  }
  std::swap(mine->user_buffer, theirs->user_buffer);
}

void Stream::SetRef(bool ref) {
  if (extra_ != nullptr) {
    for (StreamAttachment* attachment : extra_->attachments) {
      if (attachment != nullptr) attachment->SetRef(ref);
    }
  }
  if (ref) {
    Ref();
  } else {
    Unref();
  }
}

int Stream::Open(int fd) {
  return kind() == Kind::kTcp ? uv_tcp_open(uv_tcp(), static_cast<uv_os_sock_t>(fd))
                              : uv_pipe_open(uv_pipe(), static_cast<uv_file>(fd));
}

int Stream::CloseUv() {
  if (reset_on_close_) return uv_tcp_close_reset(uv_tcp(), OnClosed);
#ifndef _WIN32
  if (keeps_path_ && kind() == Kind::kPipe && uv_pipe()->pipe_fname != nullptr) {
    // libuv unlinks this name and frees it. It has allocated the name, so the name can be changed,
    // and no file has an empty one.
    *const_cast<char*>(uv_pipe()->pipe_fname) = '\0';
  }
#endif
  return Handle::CloseUv();
}

int Stream::CloseReset() {
  if (!alive()) return UV_EBADF;
  reset_on_close_ = true;
  return Close();
}

void Stream::SetPeer(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    std::memcpy(&peer_, address, sizeof(sockaddr_in));
  } else if (address->sa_family == AF_INET6) {
    std::memcpy(&peer_, address, sizeof(sockaddr_in6));
  }
}

int Stream::fd() const {
#ifdef _WIN32
  return -1;
#else
  uv_os_fd_t fd;
  const int status = uv_fileno(uv_handle(), &fd);
  return status == 0 ? static_cast<int>(fd) : -1;
#endif
}

int Stream::Shutdown() {
  const int flushed = Flush();
  if (flushed < 0) {
    environment()->SetState(1, 0);
    return flushed;
  }
  environment()->SetState(0, 0);
  return ShutdownRequest::Start(
      std::unique_ptr<ShutdownRequest>(new ShutdownRequest(this)), [this](uv_shutdown_t* request) {
        return uv_shutdown(request, uv_stream(), [](uv_shutdown_t* done, int status) {
          auto* self = static_cast<Stream*>(done->handle->data);
          auto finished = ShutdownRequest::Finish<ShutdownRequest>(done);
          StreamConsumer* consumer = finished->consumer();
          if (consumer == nullptr) {
            JsCall(self, finished->caller()).Int(self->id()).Int(status).Run(Callback::kShutdown);
          } else if (consumer == self->consumer_ || finished->IsForGroup(self->consumer_)) {
            self->consumer_->OnShutdown(self, status);
          }
        });
      });
}

void Stream::Connected(int status) {
  connecting_ = false;
  if (status == 0) Touch();
  JsCall(this).Int(id()).Int(status).Run(Callback::kConnect);
}

}  // namespace uvnet
