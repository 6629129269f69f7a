#include "transfer/peek.h"

#ifndef _WIN32
#include <sys/socket.h>
#include <unistd.h>
#endif

#include "descriptor/arrivals.h"
#include "env/js_call.h"
#include "env/modules.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

#if defined(__linux__) || defined(__APPLE__)

namespace {

// Whether the kernel can hold this many unread bytes. Linux reports twice the requested buffer
// size, and uses up to half of it for its own needs. On a Unix socket, waiting bytes count for the
// sender, whose buffer is not visible here.
bool Fits(int fd, size_t size) {
  int buffer = 0;
  socklen_t length = sizeof buffer;
  if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, &length) != 0) return true;
#ifdef __linux__
  buffer /= 2;
#endif
  return static_cast<size_t>(buffer) >= size;
}

}  // namespace

int Peek::Start(Stream* stream, char* to, size_t size, bool* untouched) {
  *untouched = true;
  if (stream->attachment(Role::kPeek) != nullptr) return UV_EBUSY;
  const int fd = stream->fd();
  if (fd < 0) return UV_EBADF;
  const int copied = CopyWaiting(fd, to, size);
  // All requested bytes, the end, or an error.
  *untouched = copied >= 0 || copied == UV_EAGAIN;
  if (copied == 0 || copied == static_cast<int>(size) || !*untouched) return copied;
  if (stream->kind() == Handle::Kind::kTcp && !Fits(fd, size)) return UV_ENOBUFS;

  auto* self = new Peek(stream, stream->environment(), size);
  const int status = self->Watch(fd);
  if (status != 0) return status;
  stream->SetAttachment(Role::kPeek, self);
  return UV_EAGAIN;
}

int Peek::Watch(int fd) {
  watcher_ = OpenWatcher();
  int status = watcher_ < 0 ? watcher_ : WatchArrivals(watcher_, fd, this);
  if (status == 0) status = uv_poll_init(environment_->loop(), &poll_, watcher_);
  if (status != 0) {
    if (watcher_ >= 0) close(watcher_);
    delete this;
    return status;
  }
  poll_.data = this;
  environment_->HandleOpened();
  if (!stream_->HasRef()) uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
  status = uv_poll_start(&poll_, UV_READABLE, OnReadable);
  if (status != 0) Close();
  return status;
}

void Peek::SetRef(bool ref) {
  auto* const poll = reinterpret_cast<uv_handle_t*>(&poll_);
  if (ref) {
    uv_ref(poll);
  } else {
    uv_unref(poll);
  }
}

void Peek::OnReadable(uv_poll_t* poll, int, int) { static_cast<Peek*>(poll->data)->OnArrival(); }

void Peek::OnArrival() {
  Arrival arrivals[kMaxArrivals];
  const bool last = TakeArrivals(watcher_, arrivals) == 1 && arrivals[0].is_last;
  char bytes[kMaxSize];
  const int copied = CopyWaiting(stream_->fd(), bytes, size_);
  if (copied == UV_EAGAIN && !last) return;
  if (copied > 0 && copied < static_cast<int>(size_) && !last) return;

  Stream* stream = stream_;
  stream->SetAttachment(Role::kPeek, nullptr);
  Close();
  JsCall call(stream);
  if (!call.possible()) return;
  call.Int(stream->id());
  if (copied < 0) {
    call.Int(copied);
  } else {
    napi_value result = nullptr;
    if (napi_create_buffer_copy(stream->environment()->env(), static_cast<size_t>(copied), bytes,
                                nullptr, &result) != napi_ok) {
      result = nullptr;
    }
    call.Value(result);
  }
  call.Run(Callback::kPeek);
}

void Peek::Close() {
  uv_poll_stop(&poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
    auto* self = static_cast<Peek*>(handle->data);
    Environment* environment = self->environment_;
    close(self->watcher_);
    delete self;
    environment->HandleClosed();
  });
}

#else

int Peek::Start(Stream*, char*, size_t, bool* untouched) {
  *untouched = true;
  return UV_ENOTSUP;
}

void Peek::SetRef(bool) {}

void Peek::Close() {}

#endif

namespace {

// (id, bytes: Uint8Array): how many were copied, UV_EAGAIN if Callback::kPeek follows, or another
// status. State: 1 if the status is not an error of the connection, which goes on.
napi_value StartPeek(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  Bytes bytes;
  if (!bytes.From(env, arguments.at(1)) || bytes.size == 0 || bytes.size > Peek::kMaxSize) {
    return arguments.Return(UV_EINVAL);
  }
  bool untouched;
  const int result = Peek::Start(stream, bytes.data, bytes.size, &untouched);
  arguments.environment()->SetState(untouched ? 1 : 0, 0);
  return arguments.Return(result);
}

}  // namespace

void InitPeek(Napi::Env env, Napi::Object exports) { Define(env, exports, "peek", StartPeek); }

}  // namespace uvnet
