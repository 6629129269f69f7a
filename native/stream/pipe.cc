#include "stream/pipe.h"

#include "env/held_descriptors.h"
#include "stream/abstract_name.h"
#include "stream/connect_request.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

// (type of the async resource)
napi_value PipeNew(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int status;
  Stream* stream = Stream::NewPipe(arguments.environment(), false, &status);
  if (stream == nullptr) return arguments.Return(status);
  stream->Attach(arguments.at(0));
  return arguments.Return(stream->Register());
}

napi_value PipeOpen(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.pipe();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  const int fd = arguments.Int(1, -1);
  const int status = uv_pipe_open(stream->uv_pipe(), static_cast<uv_file>(fd));
  if (status == 0) HeldDescriptors::Of(arguments.environment()).Release(fd);
  return arguments.Return(status);
}

// Names are byte strings with a length: a first byte of zero is Linux's abstract namespace. A name
// that does not fit is an error and never cut off; nor is a path with a zero in it, which older
// versions of libuv would cut there.
bool IsCut(const std::string& name) {
  return !name.empty() && name[0] != '\0' && name.find('\0') != std::string::npos;
}

napi_value PipeBind(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.pipe();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  const std::string name = arguments.String(1);
  if (IsCut(name)) return arguments.Return(UV_EINVAL);
  if (PadsName(name)) return arguments.Return(BindAbstractName(stream->uv_pipe(), name));
  return arguments.Return(
      uv_pipe_bind2(stream->uv_pipe(), name.data(), name.size(), UV_PIPE_NO_TRUNCATE));
}

napi_value PipeConnect(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.pipe();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  const std::string name = arguments.String(1);
  if (IsCut(name)) return arguments.Return(UV_EINVAL);
  if (PadsName(name)) return arguments.Return(ConnectAbstractName(stream, name));
  return arguments.Return(ConnectRequest::Begin(stream, [&](uv_connect_t* request) {
    return uv_pipe_connect2(request, stream->uv_pipe(), name.data(), name.size(),
                            UV_PIPE_NO_TRUNCATE, ConnectRequest::OnDone);
  }));
}

napi_value PipeChmod(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.pipe();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(uv_pipe_chmod(stream->uv_pipe(), arguments.Int(1)));
}

napi_value PipePendingInstances(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.pipe();
  if (stream != nullptr) uv_pipe_pending_instances(stream->uv_pipe(), arguments.Int(1));
  return nullptr;
}

}  // namespace

void InitPipe(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "pipeNew", PipeNew);
  Define(env, exports, "pipeOpen", PipeOpen);
  Define(env, exports, "pipeBind", PipeBind);
  Define(env, exports, "pipeConnect", PipeConnect);
  Define(env, exports, "pipeChmod", PipeChmod);
  Define(env, exports, "pipePendingInstances", PipePendingInstances);
}

}  // namespace uvnet
