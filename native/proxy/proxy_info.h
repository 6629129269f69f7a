#ifndef UVNET_PROXY_INFO_H_
#define UVNET_PROXY_INFO_H_

#include <node_api.h>

#include <cstdint>
#include <vector>

#include "proxy/proxy_protocol.h"

namespace uvnet {

// Returns the contents of a PROXY header as an array for lib/internal/proxy/proxy-info.ts, or null
// if there is no memory for it. `header` may be null; then there is only `head`, bytes that belong
// to the application.
//
// [version, command, family (4, 6, 1 for Unix, or 0), transport, source address, source port,
// destination address, destination port, TLVs, head]
napi_value ProxyInfo(napi_env env, const ProxyHeader* header, const std::vector<uint8_t>& head);

}  // namespace uvnet

#endif  // UVNET_PROXY_INFO_H_
