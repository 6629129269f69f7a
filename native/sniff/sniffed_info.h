#ifndef UVNET_SNIFFED_INFO_H_
#define UVNET_SNIFFED_INFO_H_

#include <node_api.h>

#include "sniff/protocol.h"

namespace uvnet {

// [protocol, server name, protocols of ALPN, versions]: SniffedParts in
// lib/internal/native/native-types.ts. Null if the engine has no memory left.
napi_value SniffedInfo(napi_env env, const Sniffed& sniffed);

}  // namespace uvnet

#endif  // UVNET_SNIFFED_INFO_H_
