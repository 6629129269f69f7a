#ifndef UVNET_PROXY_HEADER_BINDING_H_
#define UVNET_PROXY_HEADER_BINDING_H_

#include <napi.h>

namespace uvnet {

// The method that makes PROXY headers (EncodeProxyV1, EncodeProxyV2).
void InitProxyHeader(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_PROXY_HEADER_BINDING_H_
