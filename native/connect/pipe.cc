#include "connect/abstract_name.h"
#include "connect/connect_request.h"
#include "env/modules.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

// Names are byte strings with a length. A first byte of zero means Linux's abstract namespace. A
// name that does not fit is an error; it is never truncated. Neither is a path that contains a zero
// byte, which older versions of libuv would truncate there.
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

// (id, keep): whether the path of a bound pipe stays when the pipe is closed.
napi_value PipeKeepPath(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.pipe();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  stream->KeepPath(arguments.Bool(1));
  return arguments.Return(0);
}

}  // namespace

void InitPipe(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "pipeBind", PipeBind);
  Define(env, exports, "pipeConnect", PipeConnect);
  Define(env, exports, "pipeChmod", PipeChmod);
  Define(env, exports, "pipePendingInstances", PipePendingInstances);
  Define(env, exports, "pipeKeepPath", PipeKeepPath);
}

}  // namespace uvnet
