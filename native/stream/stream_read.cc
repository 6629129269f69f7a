// Reading: where the bytes land, and how they reach JavaScript. See Stream in stream.h.

#ifndef _WIN32
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#endif

#include <algorithm>
#include <utility>

#include "env/js_call.h"
#include "memory/buffer.h"
#include "memory/receive_buffer.h"
#include "stream/received_descriptors.h"
#include "stream/stream.h"
#include "stream/stream_consumer.h"

namespace uvnet {

#ifndef _WIN32

namespace {

// How often one turn of the loop reads on behind a descriptor.
constexpr int kMaxRounds = 32;

bool HungUp(int fd) {
  pollfd poll_fd{fd, 0, 0};
  return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP) != 0;
}

}  // namespace

#endif

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
  extra()->user_buffer = reference;
  return 0;
}

void Stream::ForgetUserBuffer() {
  if (user_buffer() == nullptr) return;
  napi_delete_reference(environment()->env(), std::exchange(extra_->user_buffer, nullptr));
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
  if (descriptors && !DeliverDescriptors(self, MakeBuffer(buffer->base, size))) return;
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

#ifdef _WIN32

void Stream::ReadOn() {}

#else

// A descriptor ends a read, however much follows. libuv takes a read that did not fill its buffer
// for the last one, and where the other end has closed already it reports the end at once: what
// follows would be lost. So it is read here.
void Stream::ReadOn() {
  for (int round = 0; alive() && reading_; ++round) {
    // Enough for one turn, unless nothing but the end is to come.
    if (round >= kMaxRounds && !HungUp(fd())) return;
    uv_buf_t buffer;
    OnAllocate(uv_handle(), ReceiveBuffer::kAreaSize, &buffer);
    if (buffer.len == 0) return;
    const ssize_t nread = ReadDescriptors(this, buffer);
    // Nothing left, the end or an error: libuv reports those as well.
    if (nread <= 0) return;
    DeliverBytes(buffer.base, static_cast<size_t>(nread));
  }
}

#endif

}  // namespace uvnet
