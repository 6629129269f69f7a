#ifndef UVNET_PROTOCOL_H_
#define UVNET_PROTOCOL_H_

#include <cstddef>
#include <cstdint>

#include "sniff/client_hello.h"

namespace uvnet {

// The protocol of a connection, told by the first bytes that the client sends. `protocols` in
// lib/front names them.
enum class Protocol : uint8_t {
  kUnknown,
  kTls,    // a complete and well-formed ClientHello
  kHttp1,  // a request line of HTTP/1.0 or 1.1
  kHttp2,  // the preface (RFC 9113, 3.4): HTTP/2 without TLS
  kSsh,    // a version string (RFC 4253, 4.2)
  kProxy,  // a header of the PROXY protocol
};

struct Sniffed {
  Protocol protocol = Protocol::kUnknown;
  ClientHello hello;  // kTls
};

// What has not shown itself by then is unknown: a ClientHello that fills the largest record.
constexpr size_t kMaxSniffed = 5 + 16 * 1024;

// Looks at the beginning of a stream, of which `data` is all that has arrived. False while more is
// needed to decide, and then `*wanted` is the number of bytes, from the beginning, below which no
// more can be said. A decision stands, whatever follows; so it does not depend on the pieces in
// which the bytes arrive.
bool Sniff(const uint8_t* data, size_t size, Sniffed* sniffed, size_t* wanted);

}  // namespace uvnet

#endif  // UVNET_PROTOCOL_H_
