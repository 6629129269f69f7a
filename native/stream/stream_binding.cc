// The methods of streams of both kinds. See NativeBinding in lib/internal/native/native-types.ts.

#include "descriptor/held_descriptors.h"
#include "env/modules.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

// (type of the async resource?): the id
template <Handle::Kind kKind>
napi_value New(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int status;
  Stream* stream = Stream::New(arguments.environment(), kKind, &status);
  if (stream == nullptr) return arguments.Return(status);
  if (arguments.has(0)) stream->Attach(arguments.at(0));
  return arguments.Return(stream->Register());
}

// (id, descriptor): on success, the stream owns the descriptor.
template <Handle::Kind kKind>
napi_value Open(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr || stream->kind() != kKind) return arguments.Return(UV_EBADF);
  const int fd = arguments.Int(1, -1);
  const int status = stream->Open(fd);
  if (status == 0) HeldDescriptors::Of(arguments.environment()).Release(fd);
  return arguments.Return(status);
}

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

// (id): writes both counters to the state array, if they fit
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

// The loop's clock does not advance during a callback, but this activity happens now.
napi_value Touch(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream != nullptr) {
    uv_update_time(arguments.environment()->loop());
    stream->Touch();
  }
  return nullptr;
}

// (id, executionAsyncId): the id of the handle's async context in async_hooks.
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
  Define(env, exports, "tcpNew", New<Handle::Kind::kTcp>);
  Define(env, exports, "tcpOpen", Open<Handle::Kind::kTcp>);
  Define(env, exports, "pipeNew", New<Handle::Kind::kPipe>);
  Define(env, exports, "pipeOpen", Open<Handle::Kind::kPipe>);
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
