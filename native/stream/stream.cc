#include "stream/stream.h"

#ifndef _WIN32
#include <sys/socket.h>

#include <cerrno>
#endif

#include <algorithm>
#include <cstring>
#include <utility>

#include "env/js_call.h"
#include "env/request.h"
#include "memory/piece.h"
#include "memory/receive_buffer.h"
#include "stream/received_descriptors.h"
#include "stream/stream_arguments.h"
#include "stream/stream_consumer.h"

namespace uvnet {

namespace {

class ShutdownRequest : public Request<uv_shutdown_t> {
 public:
  explicit ShutdownRequest(Stream* stream) : consumer_(stream->consumer()) {
    if (consumer_ == nullptr) {
      caller_ = AsyncContext::Make(stream->environment()->env(), "SHUTDOWNWRAP");
    }
  }
  StreamConsumer* consumer() const { return consumer_; }
  const std::shared_ptr<AsyncContext>& caller() const { return caller_; }

 private:
  StreamConsumer* consumer_;
  std::shared_ptr<AsyncContext> caller_;
};

}  // namespace

Stream* Stream::NewTcp(Environment* environment, unsigned family, int* status) {
  auto* self = new Stream(environment, Kind::kTcp);
  *status = uv_tcp_init_ex(environment->loop(), self->uv_tcp(), family);
  if (*status != 0) {
    delete self;
    return nullptr;
  }
  self->Opened();
  return self;
}

Stream* Stream::NewPipe(Environment* environment, bool ipc, int* status) {
  auto* self = new Stream(environment, Kind::kPipe);
  *status = uv_pipe_init(environment->loop(), self->uv_pipe(), ipc ? 1 : 0);
  if (*status != 0) {
    delete self;
    return nullptr;
  }
  self->Opened();
  return self;
}

Stream::Stream(Environment* environment, Kind kind)
    : Handle(environment, kind),
      bursty_(false),
      waiting_(false),
      connecting_(false),
      reading_(false),
      bulk_(false),
      reset_on_close_(false),
      ended_(false) {
#if defined(__linux__) && defined(__x86_64__) && defined(__GLIBCXX__)
  // Each open connection has one: what allocators round this up to is seen in their sum.
  static_assert(sizeof(Stream) <= 424, "no longer in the size class of 432 bytes");
#endif
}

Stream::~Stream() { ForgetUserBuffer(); }

void Stream::OnClosing() {
  if (consumer_ != nullptr) consumer_->OnClosing(this);
  if (rare_ != nullptr) {
    for (StreamAttachment*& attachment : rare_->attachments) {
      if (attachment != nullptr) std::exchange(attachment, nullptr)->StreamClosing();
    }
  }
  // What user code wrote in this turn before it destroyed the socket would have
  // been sent by node:net at once; what the kernel refuses now is lost there too.
  Flush();
  ForgetGathered();
  admission_.Leave(bytes_read_, bytes_written_);
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
  Rare* const mine = rare();
  Rare* const theirs = other->rare();
  // It was never more than a socket that is being connected.
  constexpr auto kConnector = static_cast<size_t>(StreamAttachment::Role::kConnector);
  std::swap(mine->attachments[kConnector], theirs->attachments[kConnector]);
  std::swap(mine->user_buffer, theirs->user_buffer);
  mine->preset = theirs->preset;
  mine->refused_option = theirs->refused_option;
}

void Stream::SetRef(bool ref) {
  if (rare_ != nullptr) {
    for (StreamAttachment* attachment : rare_->attachments) {
      if (attachment != nullptr) attachment->SetRef(ref);
    }
  }
  if (ref) {
    Ref();
  } else {
    Unref();
  }
}

int Stream::CloseUv() {
  if (reset_on_close_) return uv_tcp_close_reset(uv_tcp(), OnClosed);
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

int Stream::ReadStart() {
  reading_ = true;
  return uv_read_start(uv_stream(), OnAllocate, OnRead);
}

int Stream::ReadStop() {
  reading_ = false;
  return uv_read_stop(uv_stream());
}

int Stream::UseUserBuffer(napi_value buffer) {
  napi_env env = environment()->env();
  napi_ref reference;
  if (napi_create_reference(env, buffer, 1, &reference) != napi_ok) return UV_EINVAL;
  ForgetUserBuffer();
  rare()->user_buffer = reference;
  return 0;
}

void Stream::ForgetUserBuffer() {
  if (user_buffer() == nullptr) return;
  napi_delete_reference(environment()->env(), std::exchange(rare_->user_buffer, nullptr));
}

void Stream::OnAllocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  auto* self = static_cast<Stream*>(handle->data);
  if (self->consumer_ != nullptr) {
    *buffer = self->consumer_->Allocate(self);
    return;
  }
  *buffer = uv_buf_init(nullptr, 0);
  Environment* environment = self->environment();
  if (self->user_buffer() == nullptr && !self->bulk_) {
    *buffer = ReceiveBuffer::Of(environment).Area();
    return;
  }
  if (environment->stopping()) return;
  napi_env env = environment->env();
  HandleScope scope(env);
  if (self->user_buffer() == nullptr) {
    *buffer = ReceiveBuffer::Of(environment).Bulk(env);
    return;
  }
  // The memory is asked for anew each time: the user may have detached it.
  napi_value value;
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_reference_value(env, self->user_buffer(), &value) == napi_ok &&
      napi_get_buffer_info(env, value, &data, &size) == napi_ok) {
    *buffer = uv_buf_init(static_cast<char*>(data),
                          static_cast<unsigned>(std::min<size_t>(size, INT32_MAX)));
  }
}

// Before 1.52 libuv takes a hang-up behind the last bytes for an end and does not
// ask the socket, which may have been reset.
ssize_t Stream::ReadEnd() const {
#ifndef _WIN32
  char byte;
  ssize_t result;
  do {
    result = recv(fd(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  } while (result < 0 && errno == EINTR);
  if (result < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOTSOCK) {
    return uv_translate_sys_error(errno);
  }
#endif
  return UV_EOF;
}

void Stream::OnRead(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buffer) {
  auto* self = static_cast<Stream*>(stream->data);
  if (nread == 0) return;
  // An end without a buffer is one that libuv has not read.
  if (nread == UV_EOF && buffer->base == nullptr) nread = self->ReadEnd();
  if (nread == UV_EOF) self->ended_ = true;
  if (self->consumer_ != nullptr) {
    if (nread > 0) {
      self->Touch();
      self->CountRead(static_cast<size_t>(nread));
      self->bulk_ = static_cast<size_t>(nread) >= ReceiveBuffer::kBulkRead;
    }
    self->consumer_->OnRead(self, nread, *buffer);
    return;
  }
  self->Touch();
  if (nread < 0) {
    JsCall(self).Int(self->id()).Int(static_cast<int>(nread)).Run(Callback::kReadStatus);
    return;
  }
  const auto size = static_cast<size_t>(nread);
  const bool descriptors =
      self->kind() == Kind::kPipe && uv_pipe_pending_count(self->uv_pipe()) > 0;
  if (descriptors && !DeliverDescriptors(self, Piece(buffer->base, size))) return;
  self->DeliverBytes(buffer->base, size);
  if (descriptors) self->ReadOn();
}

void Stream::DeliverBytes(const char* data, size_t size) {
  bytes_read_ += size;
  bulk_ = size >= ReceiveBuffer::kBulkRead;
  if (user_buffer() != nullptr) {
    JsCall(this).Int(id()).Int(static_cast<int>(size)).Run(Callback::kReadUserBuffer);
    return;
  }
  if (size <= ReceiveBuffer::kSmallRead) {
    DeliverSmall(data, size);
  } else if (bulk_ && ReceiveBuffer::Of(environment()).IsBulk(data)) {
    DeliverBulk(size);
  } else {
    DeliverCopy(data, size);
  }
}

void Stream::DeliverSmall(const char* data, size_t size) {
  JsCall call(this);
  if (!call.possible()) return;
  size_t offset;
  napi_value slab;
  if (ReceiveBuffer::Of(environment())
          .CopySmall(environment()->env(), data, size, &offset, &slab) != napi_ok) {
    ReportNoMemory();
    return;
  }
  call.Int(id()).Int(static_cast<int>(size)).Int(static_cast<int>(offset));
  if (slab == nullptr) {
    call.Run(Callback::kReadSlab);
  } else {
    call.Value(slab).Run(Callback::kReadNewSlab);
  }
}

void Stream::DeliverCopy(const char* data, size_t size) {
  JsCall call(this);
  if (!call.possible()) return;
  napi_value chunk;
  if (ReceiveBuffer::Of(environment()).Copy(environment()->env(), data, size, &chunk) != napi_ok) {
    ReportNoMemory();
    return;
  }
  call.Int(id()).Value(chunk).Int(static_cast<int>(size)).Run(Callback::kReadBuffer);
}

void Stream::DeliverBulk(size_t size) {
  JsCall call(this);
  if (!call.possible()) return;
  napi_value buffer;
  if (ReceiveBuffer::Of(environment()).TakeBulk(environment()->env(), &buffer) != napi_ok) {
    ReportNoMemory();
    return;
  }
  call.Int(id()).Value(buffer).Int(static_cast<int>(size)).Run(Callback::kReadBuffer);
}

// Bytes that cannot be delivered cannot be dropped silently either.
void Stream::ReportNoMemory() { JsCall(this).Int(id()).Int(UV_ENOMEM).Run(Callback::kReadStatus); }

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
          } else if (consumer == self->consumer_) {
            consumer->OnShutdown(self, status);
          }
        });
      });
}

int Stream::Connected(int status) {
  connecting_ = false;
  if (status == 0) Touch();
  JsCall(this).Int(id()).Int(status).Run(Callback::kConnect);
  return status;
}

// Methods ---------------------------------------------------------------------

namespace {

template <int (Stream::*Method)()>
napi_value Call(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  return arguments.Return(stream == nullptr ? UV_EBADF : (stream->*Method)());
}

napi_value UseUserBuffer(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(stream->UseUserBuffer(arguments.at(1)));
}

napi_value Close(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  return arguments.Return(stream == nullptr ? UV_EBADF : stream->Close());
}

napi_value SetRef(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  stream->SetRef(arguments.Bool(1));
  return arguments.Return(0);
}

napi_value HasRef(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  return arguments.Return(stream != nullptr && stream->HasRef() ? 1 : 0);
}

napi_value Fd(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  return arguments.Return(stream == nullptr ? UV_EBADF : stream->fd());
}

// (id): both counters into the state array, where they fit
napi_value ByteCounts(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  const uint64_t read = stream->bytes_read();
  const uint64_t written = stream->bytes_written();
  if (read > INT32_MAX || written > INT32_MAX) return arguments.Return(UV_EOVERFLOW);
  arguments.environment()->SetState(static_cast<int32_t>(read), static_cast<int32_t>(written));
  return arguments.Return(0);
}

template <uint64_t (Stream::*Counter)() const>
napi_value Count(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  return arguments.ReturnNumber(stream == nullptr ? 0 : static_cast<double>((stream->*Counter)()));
}

napi_value WriteQueueSize(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  return arguments.ReturnNumber(
      stream == nullptr ? 0 : static_cast<double>(stream->write_queue_size()));
}

// Milliseconds since the last byte moved, by the loop's clock.
napi_value IdleTime(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(0);
  const uint64_t now = uv_now(arguments.environment()->loop());
  return arguments.ReturnNumber(static_cast<double>(now - stream->last_activity()));
}

// The loop's clock stands while a callback runs; what is noted here happens now.
napi_value Touch(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream != nullptr) {
    uv_update_time(arguments.environment()->loop());
    stream->Touch();
  }
  return nullptr;
}

// (id, executionAsyncId): what async_hooks knows the handle's async context by.
napi_value AsyncId(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  napi_value global;
  napi_value id;
  if (stream == nullptr || stream->async_context() == nullptr || !arguments.has(1) ||
      napi_get_global(env, &global) != napi_ok ||
      napi_make_callback(env, stream->async_context(), global, arguments.at(1), 0, nullptr, &id) !=
          napi_ok) {
    return arguments.Return(0);
  }
  return id;
}

}  // namespace

void InitStream(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "readStart", Call<&Stream::ReadStart>);
  Define(env, exports, "readStop", Call<&Stream::ReadStop>);
  Define(env, exports, "useUserBuffer", UseUserBuffer);
  Define(env, exports, "shutdown", Call<&Stream::Shutdown>);
  Define(env, exports, "close", Close);
  Define(env, exports, "closeReset", Call<&Stream::CloseReset>);
  Define(env, exports, "setRef", SetRef);
  Define(env, exports, "hasRef", HasRef);
  Define(env, exports, "fd", Fd);
  Define(env, exports, "asyncId", AsyncId);
  Define(env, exports, "bytesRead", Count<&Stream::bytes_read>);
  Define(env, exports, "bytesWritten", Count<&Stream::bytes_written>);
  Define(env, exports, "byteCounts", ByteCounts);
  Define(env, exports, "writeQueueSize", WriteQueueSize);
  Define(env, exports, "idleTime", IdleTime);
  Define(env, exports, "touch", Touch);
}

}  // namespace uvnet
