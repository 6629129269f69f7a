#ifndef UVNET_PROTOCOL_H_
#define UVNET_PROTOCOL_H_

#include <cstddef>
#include <cstdint>

#include "sniff/client_hello.h"

namespace uvnet {

// The protocol of a connection, recognised from the first bytes of the client. `protocols` in
// lib/front has the names.
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

// After this many bytes (a ClientHello that fills the largest record), an unrecognised protocol is
// unknown.
constexpr size_t kMaxSniffed = 5 + 16 * 1024;

// Recognises the protocol from the beginning of a stream. `data` has all bytes that have arrived.
// It returns false if it needs more bytes; `*wanted` is then the number of bytes, from the
// beginning, that are needed to decide more. A decision does not depend on later bytes, or on the
// pieces in which the bytes arrive.
bool Sniff(const uint8_t* data, size_t size, Sniffed* sniffed, size_t* wanted);

}  // namespace uvnet

#endif  // UVNET_PROTOCOL_H_
