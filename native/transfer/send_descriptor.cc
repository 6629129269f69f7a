#include <memory>
#include <utility>

#include "descriptor/descriptor.h"
#include "descriptor/descriptor_holder.h"
#include "descriptor/held_descriptors.h"
#include "env/js_call.h"
#include "env/modules.h"
#include "env/request.h"
#include "memory/buffer.h"
#include "stream/received_descriptors.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

#ifndef _WIN32

// Sends descriptors over Unix sockets (SCM_RIGHTS) to any process. It uses libuv's IPC pipes, which
// send an ordinary SCM_RIGHTS message in order with the other writes. It adds two features that
// libuv lacks: raw descriptors of any type, and a way to turn receiving on and off
// (stream/received_descriptors.h).
class DescriptorRequest : public Request<uv_write_t> {
 public:
  DescriptorRequest(Stream* stream, DescriptorHolder* holder)
      : stream_(stream),
        holder_(holder),
        caller_(AsyncContext::Make(stream->environment(), "WRITEWRAP")) {}
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
  DescriptorHolder* holder_;
  std::shared_ptr<AsyncContext> caller_;
  napi_ref pin_ = nullptr;
};

// Queues `size` bytes (at least one, kept alive by `pin`) with a descriptor, and takes ownership of
// the descriptor. Returns the same as Stream::Write. Callback::kWrite follows.
int SendDescriptor(Stream* stream, const char* data, size_t size, napi_value pin, int fd) {
  int status = stream->kind() == Handle::Kind::kPipe ? 0 : UV_ENOTSUP;
  if (status == 0 && size == 0) status = UV_EINVAL;
  // Gathered bytes leave first.
  if (status == 0) status = stream->Flush();
  DescriptorHolder* holder =
      status == 0 ? DescriptorHolder::New(stream->environment(), &status) : nullptr;
  if (status == 0) status = holder->Open(fd);
  if (status != 0) {
    if (fd >= 0) (void)CloseDescriptor(fd);
    if (holder != nullptr) holder->Close();
    return status;
  }

  std::unique_ptr<DescriptorRequest> request(new DescriptorRequest(stream, holder));
  status = request->Pin(pin);
  if (status != 0) return status;
  uv_pipe_t* pipe = stream->uv_pipe();
  const int receiving = pipe->ipc;
  pipe->ipc = 1;
  const uv_buf_t buffer = MakeBuffer(data, size);
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

int SendDescriptor(Stream*, const char*, size_t, napi_value, int) { return UV_ENOTSUP; }

#endif  // _WIN32

// Methods ---------------------------------------------------------------------

// (id, receive)
napi_value Receive(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(ReceiveDescriptors(stream, arguments.Bool(1)));
}

// (id, data, fd): takes ownership of the descriptor, even on failure.
napi_value Send(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  const int fd = arguments.Int(2, -1);
  HeldDescriptors::Of(arguments.environment()).Release(fd);
  Bytes bytes;
  int status = stream == nullptr ? UV_EBADF : 0;
  if (status == 0 && !bytes.From(env, arguments.at(1))) status = UV_EINVAL;
  if (status != 0) {
    if (fd >= 0) (void)CloseDescriptor(fd);
    return arguments.Return(status);
  }
  return arguments.Return(SendDescriptor(stream, bytes.data, bytes.size, arguments.at(1), fd));
}

}  // namespace

void InitDescriptorPassing(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "receiveDescriptors", Receive);
  Define(env, exports, "sendDescriptor", Send);
}

}  // namespace uvnet
