#ifndef UVNET_PACKED_HEADER_H_
#define UVNET_PACKED_HEADER_H_

#include <node_api.h>

#include <cstdint>
#include <vector>

#include "proxy/proxy_protocol.h"

namespace uvnet {

// Returns the contents of a PROXY header for lib/internal/proxy/packed-header.ts, or null if there
// is no memory for them. `header` may be null; then there is only `head`, bytes that belong to the
// application.
//
// The result is a string in which each character is a byte. Most programs read nothing or only an
// address of a header, and one string costs a fraction of an array with all values.
//
// Numbers of two bytes are in network byte order:
// - version (0: no header), command, family (4, 6, 1 for Unix, or 0), transport: one byte each
// - ports of source and destination, lengths of source, destination and TLVs: two bytes each
// - source and destination as text, TLVs, head
napi_value PackedHeader(napi_env env, const ProxyHeader* header, const std::vector<uint8_t>& head);

}  // namespace uvnet

#endif  // UVNET_PACKED_HEADER_H_
