#include "stream/stream_reader.h"

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

namespace {

#ifndef _WIN32

// How often one turn of the loop continues to read after a descriptor.
constexpr int kMaxRounds = 32;

bool HungUp(int fd) {
  pollfd poll_fd{fd, 0, 0};
  return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP) != 0;
}

#endif

// Before 1.52, libuv treats a hang-up after the last bytes as an end and does not check the socket,
// which may have been reset.
ssize_t ReadEnd([[maybe_unused]] const Stream* stream) {
#ifndef _WIN32
  char byte;
  ssize_t result;
  do {
    result = recv(stream->fd(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  } while (result < 0 && errno == EINTR);
  if (result < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOTSOCK) {
    return uv_translate_sys_error(errno);
  }
#endif
  return UV_EOF;
}

// Bytes that cannot be delivered must not be dropped silently.
void ReportNoMemory(Stream* stream) {
  JsCall(stream).Int(stream->id()).Int(UV_ENOMEM).Run(Callback::kReadStatus);
}

void DeliverSmall(Stream* stream, const char* data, size_t size) {
  JsCall call(stream);
  if (!call.possible()) return;
  size_t offset;
  napi_value slab;
  if (ReceiveBuffer::Of(stream->environment())
          .CopySmall(stream->environment()->env(), data, size, &offset, &slab) != napi_ok) {
    ReportNoMemory(stream);
    return;
  }
  call.Int(stream->id()).Int(static_cast<int>(size)).Int(static_cast<int>(offset));
  if (slab == nullptr) {
    call.Run(Callback::kReadSlab);
  } else {
    call.Value(slab).Run(Callback::kReadNewSlab);
  }
}

void DeliverArea(Stream* stream, size_t size) {
  JsCall(stream).Int(stream->id()).Int(static_cast<int>(size)).Run(Callback::kReadArea);
}

// For reads that do not fill a bulk buffer.
void DeliverCopy(Stream* stream, const char* data, size_t size) {
  JsCall call(stream);
  if (!call.possible()) return;
  napi_value chunk;
  if (ReceiveBuffer::Of(stream->environment())
          .Copy(stream->environment()->env(), data, size, &chunk) != napi_ok) {
    ReportNoMemory(stream);
    return;
  }
  call.Int(stream->id()).Value(chunk).Int(static_cast<int>(size)).Run(Callback::kReadBuffer);
}

void DeliverBulk(Stream* stream, size_t size) {
  JsCall call(stream);
  if (!call.possible()) return;
  napi_value buffer;
  if (ReceiveBuffer::Of(stream->environment()).TakeBulk(stream->environment()->env(), &buffer) !=
      napi_ok) {
    ReportNoMemory(stream);
    return;
  }
  call.Int(stream->id()).Value(buffer).Int(static_cast<int>(size)).Run(Callback::kReadBuffer);
}

}  // namespace

int StreamReader::Start(Stream* stream) {
  reading_ = 1;
  return uv_read_start(stream->uv_stream(), OnAllocate, OnRead);
}

int StreamReader::Stop(Stream* stream) {
  reading_ = 0;
  return uv_read_stop(stream->uv_stream());
}

int StreamReader::UseUserBuffer(Stream* stream, napi_value buffer) {
  napi_env env = stream->environment()->env();
  napi_ref reference;
  if (napi_create_reference(env, buffer, 1, &reference) != napi_ok) return UV_EINVAL;
  ForgetUserBuffer(stream);
  stream->extra()->user_buffer = reference;
  return 0;
}

void StreamReader::ForgetUserBuffer(Stream* stream) {
  if (stream->user_buffer() == nullptr) return;
  napi_delete_reference(stream->environment()->env(),
                        std::exchange(stream->extra()->user_buffer, nullptr));
}

void StreamReader::OnAllocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  auto* stream = static_cast<Stream*>(handle->data);
  if (stream->consumer() != nullptr) {
    *buffer = stream->consumer()->Allocate(stream);
    return;
  }
  *buffer = uv_buf_init(nullptr, 0);
  Environment* environment = stream->environment();
  if (stream->user_buffer() == nullptr && !stream->reads_bulk()) {
    *buffer = ReceiveBuffer::Of(environment).Area();
    return;
  }
  if (environment->stopping()) return;
  napi_env env = environment->env();
  HandleScope scope(env);
  if (stream->user_buffer() == nullptr) {
    *buffer = ReceiveBuffer::Of(environment).Bulk(env);
    return;
  }
  // The memory is requested each time, because the program may have detached it.
  napi_value value;
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_reference_value(env, stream->user_buffer(), &value) == napi_ok &&
      napi_get_buffer_info(env, value, &data, &size) == napi_ok) {
    *buffer = uv_buf_init(static_cast<char*>(data),
                          static_cast<unsigned>(std::min<size_t>(size, INT32_MAX)));
  }
}

void StreamReader::OnRead(uv_stream_t* uv, ssize_t nread, const uv_buf_t* buffer) {
  auto* stream = static_cast<Stream*>(uv->data);
  StreamReader& self = stream->reader_;
  if (nread == 0) return;
  // If there is no buffer, libuv has not read this end.
  if (nread == UV_EOF && buffer->base == nullptr) nread = ReadEnd(stream);
  if (nread == UV_EOF) self.ended_ = 1;
  StreamConsumer* const consumer = stream->consumer();
  if (consumer != nullptr) {
    if (nread > 0) {
      stream->Touch();
      self.Count(static_cast<size_t>(nread));
      self.bulk_ = static_cast<size_t>(nread) >= ReceiveBuffer::kBulkRead;
    }
    consumer->OnRead(stream, nread, *buffer);
    return;
  }
  stream->Touch();
  if (nread < 0) {
    JsCall(stream).Int(stream->id()).Int(static_cast<int>(nread)).Run(Callback::kReadStatus);
    return;
  }
  const auto size = static_cast<size_t>(nread);
  const bool descriptors =
      stream->kind() == Handle::Kind::kPipe && uv_pipe_pending_count(stream->uv_pipe()) > 0;
  if (descriptors && !DeliverDescriptors(stream, MakeBuffer(buffer->base, size))) return;
  self.Deliver(stream, buffer->base, size);
  if (descriptors) self.ReadOn(stream);
}

void StreamReader::Deliver(Stream* stream, const char* data, size_t size) {
  Count(size);
  const bool bulk = size >= ReceiveBuffer::kBulkRead;
  bulk_ = bulk;
  if (stream->user_buffer() != nullptr) {
    JsCall(stream).Int(stream->id()).Int(static_cast<int>(size)).Run(Callback::kReadUserBuffer);
    return;
  }
  const ReceiveBuffer& memory = ReceiveBuffer::Of(stream->environment());
  if (size <= ReceiveBuffer::kSmallRead) {
    DeliverSmall(stream, data, size);
  } else if (memory.IsArea(data)) {
    DeliverArea(stream, size);
  } else if (bulk && memory.IsBulk(data)) {
    DeliverBulk(stream, size);
  } else {
    DeliverCopy(stream, data, size);
  }
}

#ifdef _WIN32

void StreamReader::ReadOn(Stream*) {}

#else

// A descriptor ends a read, even if more bytes follow. libuv treats a read that did not fill its
// buffer as the last one. If the peer has already closed, it reports the end at once, and the
// following bytes would be lost. So they are read here.
void StreamReader::ReadOn(Stream* stream) {
  for (int round = 0; stream->alive() && reading_ != 0; ++round) {
    // This is enough for one turn, unless only the end follows.
    if (round >= kMaxRounds && !HungUp(stream->fd())) return;
    uv_buf_t buffer;
    OnAllocate(stream->uv_handle(), ReceiveBuffer::kAreaSize, &buffer);
    if (buffer.len == 0) return;
    const ssize_t nread = ReadDescriptors(stream, buffer);
    // Nothing is left, or the end or an error follows, which libuv reports.
    if (nread <= 0) return;
    Deliver(stream, buffer.base, static_cast<size_t>(nread));
  }
}

#endif

}  // namespace uvnet
