// The entry point of the addon: makes the environment and exports the methods.

#include <napi.h>

#include <string>

#include "env/arguments.h"
#include "env/environment.h"
#include "env/modules.h"
#include "memory/chunk_memory.h"
#include "memory/receive_buffer.h"

namespace uvnet {

namespace {

#ifndef UVNET_VERSION
#error "UVNET_VERSION must be the version in package.json"
#endif
#define UVNET_TEXT_OF(tokens) #tokens
#define UVNET_TEXT(macro) UVNET_TEXT_OF(macro)
// JavaScript of another version refuses this binary. The build scripts look for the text in its
// bytes.
constexpr char kVersion[] = "uvnet@" UVNET_TEXT(UVNET_VERSION);
#undef UVNET_TEXT
#undef UVNET_TEXT_OF

// (state: Int32Array, [functions in the order of Callback], receive area)
napi_value Start(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Environment* environment = arguments.environment();
  auto* const state = Numbers<int32_t>(env, arguments.at(0), 2);
  if (!arguments.has(1) || state == nullptr) return arguments.Return(UV_EINVAL);
  for (uint32_t i = 0; i < static_cast<uint32_t>(Callback::kCount); ++i) {
    napi_value function;
    napi_valuetype kind;
    if (napi_get_element(env, arguments.at(1), i, &function) != napi_ok ||
        napi_typeof(env, function, &kind) != napi_ok || kind != napi_function) {
      return arguments.Return(UV_EINVAL);
    }
    const int status = environment->SetCallback(static_cast<Callback>(i), function);
    if (status != 0) return arguments.Return(status);
  }
  environment->FacadeStarts(state);
  return arguments.Return(
      arguments.has(2) ? ReceiveBuffer::Of(environment).SetArea(env, arguments.at(2)) : UV_EINVAL);
}

// (the Buffer allocated last, bytes allocated since the last call): see ChunkMemory.
napi_value ChunksAllocated(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Bytes bytes;
  if (bytes.From(env, arguments.at(0))) {
    ChunkMemory::Of(arguments.environment())
        .Received(bytes.data, static_cast<size_t>(arguments.Int(1)));
  }
  return nullptr;
}

// ("ECONNREFUSED"): libuv's number for this name
napi_value ErrnoByName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::string name = arguments.String(0);
#define UVNET_RETURN_IF(code, message) \
  if (name == #code) return arguments.Return(UV_##code);
  UV_ERRNO_MAP(UVNET_RETURN_IF)
#undef UVNET_RETURN_IF
  return arguments.Return(UV_UNKNOWN);
}

napi_value GuessHandle(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  return arguments.Return(uv_guess_handle(arguments.Int(0, -1)));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  if (Environment::Create(env) == nullptr) {
    napi_throw_error(env, nullptr, "uvnet: the environment could not be set up");
    return exports;
  }
  Define(env, exports, "version", kVersion);
  Define(env, exports, "areaSize", ReceiveBuffer::kAreaSize);
  Define(env, exports, "start", Start);
  Define(env, exports, "chunksAllocated", ChunksAllocated);
  Define(env, exports, "errnoByName", ErrnoByName);
  Define(env, exports, "guessHandle", GuessHandle);
  InitAcceptPolicy(env, exports);
  InitAcceptedSockets(env, exports);
  InitBlockList(env, exports);
  InitConnector(env, exports);
  InitDescriptor(env, exports);
  InitDescriptorPassing(env, exports);
  InitJsCall(env, exports);
  InitLean(env, exports);
  InitListener(env, exports);
  InitOffers(env, exports);
  InitPeek(env, exports);
  InitPipe(env, exports);
  InitProxyHeader(env, exports);
  InitRelay(env, exports);
  InitSocketOptions(env, exports);
  InitStream(env, exports);
  InitTcp(env, exports);
  InitUndelivered(env, exports);
  InitUnixPath(env, exports);
  InitWrite(env, exports);
  return exports;
}

}  // namespace

}  // namespace uvnet

static Napi::Object InitModule(Napi::Env env, Napi::Object exports) {
  return uvnet::Init(env, exports);
}

NODE_API_MODULE(uvnet, InitModule)
