#ifndef UVNET_PROXY_INFO_H_
#define UVNET_PROXY_INFO_H_

#include <node_api.h>

#include <cstdint>
#include <vector>

#include "proxy/proxy_protocol.h"

namespace uvnet {

// What a PROXY header says, as an array for lib/internal/proxy/proxy-info.ts; null where there is
// no memory for it. `header` may be null: then `head`, bytes that belong to the application, is all
// there is.
//
// [version, command, family (4, 6, 1 for unix, or 0), transport, source address, source port,
//  destination address, destination port, TLVs, head]
napi_value ProxyInfo(napi_env env, const ProxyHeader* header, const std::vector<uint8_t>& head);

}  // namespace uvnet

#endif  // UVNET_PROXY_INFO_H_
