#ifndef UVNET_MODULES_H_
#define UVNET_MODULES_H_

#include <napi.h>

namespace uvnet {

// The modules of the addon. Each function defines the methods of one module on `exports`; addon.cc
// calls all of them. lib/internal/native/native-types.ts has the types of the methods.
void InitAcceptPolicy(Napi::Env env, Napi::Object exports);
void InitAcceptedSockets(Napi::Env env, Napi::Object exports);
void InitBlockList(Napi::Env env, Napi::Object exports);
void InitConnector(Napi::Env env, Napi::Object exports);
void InitDescriptor(Napi::Env env, Napi::Object exports);
void InitDescriptorPassing(Napi::Env env, Napi::Object exports);
void InitJsCall(Napi::Env env, Napi::Object exports);
void InitLean(Napi::Env env, Napi::Object exports);
void InitListener(Napi::Env env, Napi::Object exports);
void InitOffers(Napi::Env env, Napi::Object exports);
void InitPeek(Napi::Env env, Napi::Object exports);
void InitPipe(Napi::Env env, Napi::Object exports);
void InitProxyHeader(Napi::Env env, Napi::Object exports);
void InitRelay(Napi::Env env, Napi::Object exports);
void InitSocketOptions(Napi::Env env, Napi::Object exports);
void InitStream(Napi::Env env, Napi::Object exports);
void InitTcp(Napi::Env env, Napi::Object exports);
void InitUndelivered(Napi::Env env, Napi::Object exports);
void InitUnixPath(Napi::Env env, Napi::Object exports);
void InitWrite(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_MODULES_H_
