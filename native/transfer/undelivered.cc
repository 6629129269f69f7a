#include <string>

#include "env/modules.h"
#include "stream/received_descriptors.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

napi_value CopyOf(napi_env env, const char* data, size_t size) {
  napi_value copy;
  return napi_create_buffer_copy(env, size, data, nullptr, &copy) == napi_ok ? copy : nullptr;
}

// (id): a Buffer with the bytes that were written but not yet passed to the kernel, or a status.
napi_value CopyUnsent(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  std::string bytes;
  const int status = stream->CopyUnsent(&bytes);
  if (status != 0) return arguments.Return(status);
  napi_value copy = CopyOf(env, bytes.data(), bytes.size());
  return copy == nullptr ? arguments.Return(UV_ENOMEM) : copy;
}

// (id): a Buffer with the bytes that were read but not delivered yet, because the descriptors that
// came with them are being reported.
napi_value CopyUndelivered(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return nullptr;
  const uv_buf_t bytes = UndeliveredBytes(stream);
  return CopyOf(env, bytes.base, bytes.len);
}

}  // namespace

void InitUndelivered(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "copyUnsent", CopyUnsent);
  Define(env, exports, "copyUndelivered", CopyUndelivered);
}

}  // namespace uvnet
